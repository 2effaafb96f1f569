"""The pages for people: one module a page. They ask what the API asks, for the session's tenant."""

"""The pages for people, one module per page. They ask the API's questions for the session's
tenant."""

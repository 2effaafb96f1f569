"""The pages for people, one module per page. They ask the same questions as the API, for the
session's tenant."""

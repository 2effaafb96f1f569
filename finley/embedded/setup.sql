-- Roles, extensions and the database, as superuser, each made only where it is missing.
-- The extensions go to template1 first: `finley` and every test database copy it.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

SELECT 'CREATE ROLE finley_owner LOGIN CREATEDB CREATEROLE'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'finley_owner') \gexec
SELECT 'CREATE ROLE finley_app LOGIN NOINHERIT'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'finley_app') \gexec
GRANT pg_read_all_stats, finley_app TO finley_owner;

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

SELECT 'CREATE DATABASE finley OWNER finley_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'finley') \gexec

\connect finley
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

#!/bin/bash
# Runs once, in an empty PostgreSQL: finley's two roles and its database.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" <<'SQL'
CREATE ROLE finley_owner LOGIN PASSWORD :'owner';
CREATE ROLE finley_app LOGIN PASSWORD :'app';
CREATE DATABASE finley OWNER finley_owner;
SQL

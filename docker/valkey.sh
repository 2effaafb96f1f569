#!/bin/sh
# Valkey for finley: one user, by password, who may use finley's and arq's keys and cannot administer
# the server. The file of users is made here, because it cannot hold variables.
set -eu
umask 077
: "${REDIS_PASSWORD:?}"
cat > /tmp/users.acl <<ACL
user default off
user finley on >$REDIS_PASSWORD resetkeys ~finley:* ~arq:* resetchannels &arq:* +@all -@admin -@dangerous +info +dbsize
ACL
exec valkey-server --aclfile /tmp/users.acl --dir /tmp --save "" --appendonly no \
    --maxmemory-policy noeviction --port "${REDIS_PORT:-6379}"

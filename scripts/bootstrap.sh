#!/bin/sh
# Make .venv/ with all that finley needs; done already, it takes milliseconds.
#
#   scripts/bootstrap.sh         what finley needs to run
#   scripts/bootstrap.sh --dev   that and what its tests and checks need
#   scripts/bootstrap.sh --find  print the Python it would use, make nothing
#
# FINLEY_PYTHON names the Python to use; otherwise candidates are tried by running them, since a
# name proves nothing: python3 may be 3.11 and python3.13 a version manager's shim that fails.
set -eu

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
}

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Prints the executable behind $1, seen from outside any virtual environment.
# Exit codes: 0 usable, 3 too old, 4 without venv or ensurepip, other: it does not run.
probe() {
    "$1" -c '
import sys
print(getattr(sys, "_base_executable", None) or sys.executable)
print("%d.%d.%d" % sys.version_info[:3])
if sys.version_info < (3, 12):
    sys.exit(3)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(4)
' 2>/dev/null
}

candidates() {
    for name in python3.14 python3.13 python3.12 python3 python; do
        command -v "$name" || true
    done
    for path in "${HOME:-/nonexistent}"/.pyenv/versions/*/bin/python3 \
        "${HOME:-/nonexistent}"/.local/bin/python3.1[2-9] /usr/local/bin/python3.1[2-9] \
        /usr/bin/python3.1[2-9] /opt/homebrew/bin/python3 /opt/python*/bin/python3; do
        [ ! -x "$path" ] || printf '%s\n' "$path"
    done
    if command -v uv >/dev/null; then
        uv python find --no-project '>=3.12' 2>/dev/null || true
    fi
}

# Judges candidate $1: sets PYTHON if it will do, else adds a line to REJECTED.
judge() {
    code=0
    said=$(probe "$1") || code=$?
    found=$(printf '%s\n' "$said" | sed -n 1p)
    version=$(printf '%s\n' "$said" | sed -n 2p)
    case $code in
    0) PYTHON=$found ;;
    3) REJECTED="$REJECTED
  $1 is Python $version" ;;
    4)
        BARE=${BARE:-$found}
        REJECTED="$REJECTED
  $1 is Python $version without venv and ensurepip (Debian, Ubuntu: apt install python${version%.*}-venv)"
        ;;
    *) REJECTED="$REJECTED
  $1 does not run" ;;
    esac
}

# Sets PYTHON; or BARE alone, a good Python without pip that uv can make an environment of.
find_python() {
    PYTHON='' BARE='' REJECTED=''
    if [ -n "${FINLEY_PYTHON:-}" ]; then
        judge "$FINLEY_PYTHON"
        [ -n "$PYTHON" ] || fail "FINLEY_PYTHON cannot be used; finley needs Python 3.12 or newer with venv:$REJECTED"
        return
    fi
    # Not a pipe: judge sets variables. Paths may hold spaces, so split at line ends alone.
    list=$(candidates)
    old_ifs=$IFS
    IFS='
'
    for candidate in $list; do
        judge "$candidate"
        [ -z "$PYTHON" ] || break
    done
    IFS=$old_ifs
    [ -z "$PYTHON" ] || return 0
    if [ -n "$BARE" ] && command -v uv >/dev/null; then
        return 0
    fi
    fail "finley needs Python 3.12 or newer with venv, and found none.${REJECTED:+ Tried:}$REJECTED" \
        "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python;" \
        "anywhere: uv python install 3.13), or set FINLEY_PYTHON to one that is elsewhere."
}

# What an installed environment must agree with: the files that say what is in it, and where it is.
checksum() {
    { cat requirements.txt requirements-dev.txt pyproject.toml && printf '%s\n' "$ROOT"; } | cksum
}

works() {
    .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null
}

up_to_date() {
    [ -f "$STAMP" ] || return 1
    sum=$(checksum)
    case $(cat "$STAMP") in
    "dev $sum") ;;
    "run $sum") [ "$KIND" = run ] || return 1 ;;
    *) return 1 ;;
    esac
    works
}

# Whether what is in .venv can be installed into: it runs, has pip and was made in this folder.
reusable() {
    works && .venv/bin/python -m pip --version >/dev/null 2>&1 &&
        { [ ! -f .venv/bin/activate ] || grep -qF -- "$ROOT/.venv" .venv/bin/activate; }
}

make_venv() {
    if [ -e .venv ] && [ ! -f .venv/pyvenv.cfg ] && [ -n "$(ls -A .venv)" ]; then
        fail "$ROOT/.venv is no virtual environment: move it away, then try again."
    fi
    rm -rf .venv
    if [ -n "$PYTHON" ]; then
        "$PYTHON" -m venv .venv
    else
        uv venv --quiet --no-project --seed --python "$BARE" .venv
    fi
}

install() {
    if [ "$KIND" = dev ]; then file=requirements-dev.txt; else file=requirements.txt; fi
    printf 'Installing %s into .venv\n' "$file" >&2
    set -- --quiet --disable-pip-version-check --no-input
    .venv/bin/python -m pip install "$@" --require-hashes -r "$file" &&
        .venv/bin/python -m pip install "$@" --no-deps --no-build-isolation -e . ||
        fail "Installing failed, see above: mend it and run scripts/bootstrap.sh again."
}

KIND=run
case "${1:-}" in
'') ;;
--dev) KIND=dev ;;
--find)
    find_python
    printf '%s\n' "${PYTHON:-$BARE}"
    exit
    ;;
-h | --help)
    usage
    exit
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

cd -- "$(dirname -- "$0")/.."
ROOT=$(pwd -P)
STAMP=.venv/finley-stamp
unset PYTHONPATH PYTHONHOME
export PIP_USER=0
for needed in requirements.txt requirements-dev.txt pyproject.toml; do
    [ -f "$needed" ] || fail "$ROOT/$needed is missing: is this a whole checkout of finley?"
done
! up_to_date || exit 0

find_python
# One at a time. The lock is on this script's open file: it ends with the last process that has it
# open, however that ends, so it cannot be stale. Python takes it since macOS has no flock(1).
exec 9<scripts/bootstrap.sh
"${PYTHON:-$BARE}" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' 9<&9
! up_to_date || exit 0
reusable || make_venv
rm -f "$STAMP"
sum=$(checksum)
install
printf '%s %s\n' "$KIND" "$sum" >"$STAMP.new"
mv "$STAMP.new" "$STAMP"

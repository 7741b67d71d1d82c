#!/usr/bin/env bash
# Run the tests under each Python and each SQLAlchemy that we promise, where they are present.
# Usage: deploy/matrix.sh [pytest arguments]. Environments stand in .matrix/, one for each pair.
set -euo pipefail
cd "$(dirname "$0")/.."

# PYTHONS and RELEASES name others: PYTHONS="python3.11 /opt/python/bin/python3.13"
read -ra pythons <<<"${PYTHONS:-python3.11 python3.12 python3.13}"
read -ra releases <<<"${RELEASES:-2.0.58 2.1.9}"
[ "$#" -gt 0 ] || set -- tests/unit tests/api tests/web -m "not browser"

say() { printf '%s\n' "$*" >&2; }

# A shim that answers "not installed" is no Python, so each is asked for its version.
present() { "$1" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null; }

passed=() failed=()
for python in "${pythons[@]}"; do
    if ! present "$python"; then
        say "$python is not here and is left out"
        continue
    fi
    for release in "${releases[@]}"; do
        name="$(basename "$python")-sqlalchemy$release"
        home=".matrix/$name"
        wanted=$(cat setup.cfg constraints.txt | sha256sum | cut -c1-16)
        if [ "$(cat "$home/.installed" 2>/dev/null)" != "$wanted" ]; then
            say "$name: installing"
            "$python" -m venv --clear "$home"
            sed "s/^SQLAlchemy==.*/SQLAlchemy==$release/" constraints.txt >"$home/constraints.txt"
            "$home/bin/python" -m pip install -q --disable-pip-version-check \
                -c "$home/constraints.txt" -e '.[test]'
            printf '%s' "$wanted" >"$home/.installed"
        fi
        say "$name: testing"
        if "$home/bin/python" -m pytest -q -n 2 --dist loadgroup "$@"; then
            passed+=("$name")
        else
            failed+=("$name")
        fi
    done
done
for name in "${passed[@]:-}"; do [ -n "$name" ] && say "passed  $name"; done
for name in "${failed[@]:-}"; do [ -n "$name" ] && say "FAILED  $name"; done
[ "${#failed[@]}" = 0 ] && [ "${#passed[@]}" -gt 0 ]

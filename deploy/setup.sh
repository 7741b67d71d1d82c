#!/usr/bin/env bash
# Make the environment: system libraries where we may install them, Python packages in .venv.
# Usage: deploy/setup.sh run|test. What is there already is left alone; a second call is quick.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf '%s\n' "$*" >&2; }

python_at_least_311() {
    local name
    for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

have_library() { [ -n "$(find /usr/lib /usr/local/lib /lib -name "$1" -print -quit 2>/dev/null)" ]; }

# Each line: the test for it, Debian's package, what does not work without it.
missing_packages() {
    have_library 'libzbar.so*' || echo "libzbar0|the second barcode reader (codes are still read by the first)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "python3-venv|the Python environment: nothing"
    fi
    if [ "$purpose" = test ]; then
        command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
            echo "chromium|the tests in a real browser"
        have_library 'libatomic.so.1*' || echo "libatomic1|the tests in a real browser"
        have_library 'libfaketimeMT.so*' || echo "faketime|the tests of a clock that steps back"
        command -v pdftoppm >/dev/null 2>&1 || echo "poppler-utils|the tests that print and scan"
    fi
}

install_missing() {
    local lines packages privilege=()
    lines=$(missing_packages)
    [ -n "$lines" ] || return 0
    packages=$(printf '%s\n' "$lines" | cut -d'|' -f1 | tr '\n' ' ')
    if command -v apt-get >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ]; then
            privilege=(env)
        elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            privilege=(sudo -n env)
        fi
    fi
    if [ "${#privilege[@]}" -gt 0 ]; then
        say "Installing: $packages"
        "${privilege[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq >/dev/null || true
        # shellcheck disable=SC2086
        if "${privilege[@]}" DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
            install -y -qq --no-install-recommends $packages >/dev/null; then
            return 0
        fi
    fi
    say "Please install: apt-get install $packages"
    printf '%s\n' "$lines" | while IFS='|' read -r package without; do
        say "  without $package: $without"
    done
}

fingerprint() { cat setup.cfg pyproject.toml constraints.txt 2>/dev/null | sha256sum | cut -c1-16; }

stamp=".venv/.installed-$purpose"
now=$(fingerprint)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
    exit 0
fi

python=$(python_at_least_311) || {
    say "Python 3.11 or newer is needed; it was not found."
    exit 5
}
install_missing

extra=""
[ "$purpose" = test ] && extra="[test]"
[ -x .venv/bin/python ] || "$python" -m venv .venv
say "Installing Python packages into .venv (once; a minute or two)"
.venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".$extra"
printf '%s' "$now" >"$stamp"
# Everything that runs is installed for tests as well.
[ "$purpose" = test ] && printf '%s' "$now" >.venv/.installed-run
exit 0

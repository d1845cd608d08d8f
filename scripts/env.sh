# Sourced by the other scripts: makes .venv from pyproject.toml, once, and puts it on PATH.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

find_python() {
    local name
    for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Stageline needs Python 3.11 or newer; none was found on PATH. Set PYTHON=/path/to/python3." >&2
    return 1
}

# ensure_env EXTRA: an editable install with that extra (dev or local), redone when pyproject.toml changes.
ensure_env() {
    local extra=$1 python wanted stamp
    python=$(find_python)
    wanted="$extra $(cksum <pyproject.toml)"
    stamp=.venv/.stageline-installed
    if ! grep -qxF -e "$wanted" -e "dev ${wanted#* }" "$stamp" 2>/dev/null; then
        [ -x .venv/bin/python ] || "$python" -m venv .venv
        echo "Installing Stageline [$extra] into .venv (once; a minute or so) ..." >&2
        if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$extra]"; then
            echo "The packages could not be installed. Check the network and pip's settings, then run this again." >&2
            return 1
        fi
        echo "$wanted" >"$stamp"
    fi
    export PATH="$root/.venv/bin:$PATH"
}

# ensure_chromium: the browser of the browser tests and its driver, from the distribution's own packages.
ensure_chromium() {
    if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
        return
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing chromium for the browser tests (once; a minute or so) ..." >&2
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium chromium-driver >/dev/null
        return
    fi
    echo "The browser tests need chromium and chromedriver on PATH, of one version. On Debian or Ubuntu:" >&2
    echo "sudo apt-get install chromium chromium-driver. Without them: ./scripts/test --ignore tests/e2e" >&2
    return 1
}

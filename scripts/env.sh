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

# ensure_native: the compiled back-end, built where a Rust toolchain is there, and anew when its sources change.
ensure_native() {
    local wanted stamp wheels
    if ! command -v cargo >/dev/null; then
        echo "No cargo (a Rust toolchain) on PATH: going on without the compiled back-end, on the reference." >&2
        return
    fi
    wanted=$(find processors/native -name target -prune -o \( -name '*.rs' -o -name '*.toml' \) -print0 | sort -z | xargs -0 cksum | cksum)
    stamp=.venv/.stageline-native
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "Building the compiled back-end, stageline-native (once; two minutes or so) ..." >&2
    wheels=$(mktemp -d)
    if maturin build --quiet --release --manifest-path processors/native/Cargo.toml --out "$wheels" &&
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheels"/*.whl; then
        echo "$wanted" >"$stamp"
    else
        .venv/bin/python -m pip uninstall --quiet --yes stageline-native 2>/dev/null || true # never an older one
        echo "It could not be built (see above): going on without it, on the reference back-end." >&2
    fi
    rm -rf "$wheels"
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

# ensure_promtool: Prometheus' own checker of rules, out of the distribution's package. Taken, not installed: the
# package would start a server.
ensure_promtool() {
    local folder
    if command -v promtool >/dev/null; then
        return
    fi
    if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        echo "Fetching promtool for the tests of the alert rules (once; some seconds) ..." >&2
        folder=$(mktemp -d)
        chmod 755 "$folder" # apt downloads as a user of its own
        if (cd "$folder" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; }) 2>/dev/null &&
            dpkg-deb -x "$folder"/prometheus_*.deb "$folder" && cp "$folder/usr/bin/promtool" .venv/bin/; then
            rm -rf "$folder"
            return
        fi
        rm -rf "$folder"
    fi
    echo "The tests of the alert rules need promtool, which comes with Prometheus, on PATH. Without it:" >&2
    echo "./scripts/test --ignore tests/integration/test_monitoring.py" >&2
    return 1
}

# Sourced by the other scripts: makes .venv from pyproject.toml, once, and puts it on PATH.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

# The beginning of a Python program that Ctrl-C ends without a traceback.
ends_at_once='import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); '

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
    packages_are_there "$1" || alone install_packages "$1"
    export PATH="$root/.venv/bin:$PATH"
}

packages_are_there() {
    local sum
    sum=$(cksum <pyproject.toml)
    grep -qxF -e "$1 $sum" -e "dev $sum" .venv/.stageline-installed 2>/dev/null
}

install_packages() {
    packages_are_there "$1" && return # another script has done it while this one waited
    make_venv || return
    echo "Installing Stageline [$1] into .venv (once; a minute or so) ..." >&2
    if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$1]"; then
        echo "The packages could not be installed. Check the network and pip's settings, then run this again." >&2
        return 1
    fi
    echo "$1 $(cksum <pyproject.toml)" >.venv/.stageline-installed
}

make_venv() {
    local python
    .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    python=$(find_python) || return
    echo "Making .venv with $("$python" --version) (once; some seconds) ..." >&2
    "$python" -c "$ends_at_once"'import venv; venv.create(".venv", symlinks=True, with_pip=True)'
}

# alone COMMAND ...: runs it while no other script changes .venv; the lock ends with the subshell.
alone() (
    trap 'exit 130' INT # pip answers Ctrl-C with the exit code of any error
    python=$(find_python) && mkdir -p .venv && exec 9>.venv/.stageline-lock && "$python" -c "$ends_at_once"'
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Another script is changing .venv: waiting for it ...", file=sys.stderr, flush=True)
    fcntl.flock(9, fcntl.LOCK_EX)
' && "$@"
)

# begin_native: begins to build the compiled back-end where a Rust toolchain is there, and anew when its sources change.
# It goes on beside what follows: cargo computes while pip waits for the network. `pip wheel` brings maturin itself.
begin_native() {
    [ -z "${native_wanted:-}" ] || return 0
    native_wanted=$(find processors/native -name target -prune -o \( -name '*.rs' -o -name '*.toml' \) -print0 | sort -z | xargs -0 cksum | cksum)
    if native_is_there; then
        return
    fi
    if ! command -v cargo >/dev/null; then
        echo "No cargo (a Rust toolchain) on PATH: going on without the compiled back-end, on the reference." >&2
        return
    fi
    alone make_venv
    echo "Building the compiled back-end, stageline-native, meanwhile (once; a minute or two) ..." >&2
    native_wheels=$(mktemp -d)
    trap end_native EXIT
    set -m # a process group of its own, so that all of it can be ended
    TMPDIR=$native_wheels .venv/bin/python -m pip wheel --verbose --disable-pip-version-check --no-deps \
        --wheel-dir "$native_wheels" ./processors/native </dev/null >"$native_wheels/log" 2>&1 &
    set +m
    native_build=$!
}

# ensure_native: waits for what begin_native began (or begins it) and installs it; without it, the reference goes on alone.
ensure_native() {
    begin_native
    if [ -n "${native_build:-}" ]; then
        show_native_build
        if ! wait "$native_build" || ! alone install_native; then
            tail -n 20 "$native_wheels/log" >&2
            rm -f .venv/.stageline-native
            .venv/bin/python -m pip uninstall --quiet --yes stageline-native 2>/dev/null || true # never an older one
            echo "It could not be built (see above): going on without it, on the reference back-end." >&2
        fi
        end_native
        trap - EXIT
    fi
    unset native_wanted native_build native_wheels
}

native_is_there() {
    [ "$(cat .venv/.stageline-native 2>/dev/null)" = "$native_wanted" ]
}

install_native() {
    native_is_there ||
        { .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$native_wheels"/*.whl &&
            echo "$native_wanted" >.venv/.stageline-native; }
}

# show_native_build: on a terminal, what cargo does now, until it has ended.
show_native_build() {
    local begun=$SECONDS
    kill -0 "$native_build" 2>/dev/null || return 0
    echo "Waiting for the compiled back-end ..." >&2
    while kill -0 "$native_build" 2>/dev/null; do
        if [ -t 2 ]; then
            printf '\r\033[K%d s: %s ' $((SECONDS - begun)) "$(grep -oE 'Compiling .*' "$native_wheels/log" | tail -n 1)" >&2
        fi
        sleep 0.5
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

end_native() { # not by SIGINT: who runs a script with & lets all that it starts ignore that
    { kill -TERM -- "-$native_build" && wait "$native_build"; } 2>/dev/null || true
    rm -rf "$native_wheels"
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

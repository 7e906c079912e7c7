# shellcheck shell=bash disable=SC2034
# Which Debian packages the scripts need, and how they come onto the machine. Sourced by scripts/run, scripts/test, scripts/bench
# and scripts/fuzz.
# Each line: what has to be there (a command or a file), then the package that brings it.

packages_to_build='
cc                      gcc
/usr/include/stdlib.h   libc6-dev
'

packages_to_test='
git                     git
curl                    curl
nginx                   nginx-light
/usr/lib/nginx/modules/ngx_stream_module.so       libnginx-mod-stream
haproxy                 haproxy
openssl                 openssl
/usr/bin/python3        python3
/usr/lib/python3/dist-packages/httpx/__init__.py  python3-httpx
/usr/lib/python3/dist-packages/h2/__init__.py     python3-h2
node                    nodejs
h2load                  nghttp2-client
setpriv                 util-linux
prlimit                 util-linux
ip                      iproute2
ss                      iproute2
strace                  strace
chromium                chromium
firefox-esr             firefox-esr
certutil                libnss3-tools
valgrind                valgrind
/usr/bin/faketime       faketime
/usr/share/zoneinfo/Europe/Berlin  tzdata
goaccess                goaccess
logrotate               logrotate
/usr/lib/python3/dist-packages/pandas/__init__.py  python3-pandas
'

packages_to_bench='
nginx                   nginx-light
haproxy                 haproxy
lighttpd                lighttpd
h2o                     h2o
caddy                   caddy
openssl                 openssl
h2load                  nghttp2-client
taskset                 util-linux
'

packages_to_fuzz='
c++                     g++
'

# Prints the packages of a list that are absent, each once.
absent_packages() {
    local thing package
    while read -r thing package; do
        [ -n "$thing" ] || continue
        PATH="$PATH:/usr/sbin:/sbin" command -v "$thing" >/dev/null || [ -f "$thing" ] || echo "$package"
    done <<<"$1" | sort -u
}

# Installs what a list needs and the machine lacks. Without root and without sudo's leave it says what to type.
need_packages() {
    local -a absent
    mapfile -t absent < <(absent_packages "$1")
    [ "${#absent[@]}" -gt 0 ] || return 0
    local install
    install="$(dirname "${BASH_SOURCE[0]}")/install-packages"
    if [ "$(id -u)" -eq 0 ]; then
        "$install" "${absent[@]}"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$install" "${absent[@]}"
    else
        echo "These Debian packages are missing: ${absent[*]}" >&2
        echo "Install them with this command, then try again:" >&2
        echo "    sudo $install ${absent[*]}" >&2
        return 1
    fi
}

# Puts cargo on the PATH, also where rustup was installed but the shell was not started anew.
need_cargo() {
    command -v cargo >/dev/null || PATH="$PATH:$HOME/.cargo/bin"
    if ! command -v cargo >/dev/null; then
        echo "cargo is missing: install Rust (https://rustup.rs), then try again." >&2
        return 1
    fi
}

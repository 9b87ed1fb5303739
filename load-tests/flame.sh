#!/bin/sh
# Draws a flame graph of one load: services, PostgreSQL and callers together, as the whole machine sees it.
#   load-tests/flame.sh [hot|many|spread|rush|tickets|visit|shop] [FILE.svg]
# Asks for perf (linux-perf), inferno (cargo install inferno) and leave to look at the whole machine: root, or
# kernel.perf_event_paranoid at most 0.
set -eu
cd "$(dirname "$0")/.."
of=${1:-hot}
case $of in hot) name=hot-hall ;; *) name=$of ;; esac
svg=${2:-load-tests/results/$name.svg}
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

needs() {
    command -v "$1" >/dev/null || { echo "flame.sh: $1 is missing; $2" >&2; exit 1; }
}
needs perf "it comes with the package linux-perf or linux-tools"
needs inferno-collapse-perf "install it: cargo install inferno"
needs inferno-flamegraph "install it: cargo install inferno"
paranoid=$(cat /proc/sys/kernel/perf_event_paranoid)
if [ "$(id -u)" != 0 ] && [ "$paranoid" -gt 0 ]; then
    echo "flame.sh: this user may not look at the whole machine (kernel.perf_event_paranoid is $paranoid)" >&2
    exit 1
fi
for program in target/release/load-tests target/release/sky; do
    [ -x "$program" ] || { echo "flame.sh: $program is missing; cargo build --release -p sky -p load-tests" >&2; exit 1; }
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
target/release/load-tests profile --of "$of" "$folder/perf.data"
# Without inlined functions: to look them up takes very long.
perf script --no-inline --force --input "$folder/perf.data" >"$folder/stacks" 2>"$folder/script.log"
[ -s "$folder/stacks" ] || { cat "$folder/script.log" >&2; exit 1; }
inferno-collapse-perf <"$folder/stacks" >"$folder/folded" 2>/dev/null
# The idle machine says nothing; frames of a pixel cannot be seen.
grep -v '^swapper' "$folder/folded" | inferno-flamegraph --minwidth 0.1 --truncate-text-right \
    --title "Digital Sky, $of: services, PostgreSQL and callers" >"$svg"
echo "drawn: $svg ($(du -k "$svg" | cut -f1) KB)"
if [ -n "${TOP:-}" ]; then
    # The functions in which most samples ended.
    perf report --no-children --no-inline --force --input "$folder/perf.data" --sort comm,sym --stdio --call-graph none 2>/dev/null |
        grep -v '^#' | grep -v '^$' | grep -v swapper | head -n "$TOP"
fi

#!/bin/sh
# Records captures of the notebooks here: nginx before a small application under a load of short
# connections, with a new connection to the application for every request and a log line written at
# once ("plain"), with connections kept open and the log buffered ("tuned"), and so with an application
# that writes its answers whole ("mended"), twice each. Needs root, bpftrace, nginx, wrk, python3, and
# cgroup v2 and tracefs mounted.
#
#   sh record.sh [SECONDS [CONFIGURATION...]]
set -eu
seconds=${1:-75}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- plain tuned mended
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/dtnotes-record
mkdir -p "$group"
trap 'kill $(cat "$group/cgroup.procs") 2>/dev/null || :; sleep 1; rmdir "$group"; rm -rf "$work"' EXIT

inside() { # becomes a command in the group that is traced
    exec sh -c "echo \$\$ > $group/cgroup.procs; exec \"\$@\"" sh "$@"
}

configure() { # configure CONFIGURATION
    keep='' log='' answers=''
    case $1 in
        tuned | mended) keep='keepalive 16;' log=' buffer=64k flush=5s' ;;
    esac
    [ "$1" != mended ] || answers=whole
    cat > "$work/nginx.conf" <<EOF
worker_processes 2;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 512; }
http {
    access_log $work/access.log combined$log;
    upstream app { server 127.0.0.1:8083; $keep }
    server {
        listen 127.0.0.1:8084;
        location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
EOF
}

cat > "$work/pause.lua" <<'EOF'
function delay() return math.random(20, 60) end
EOF

record() { # record CONFIGURATION RUN
    configure "$1"
    inside python3 "$here/app.py" 8083 $answers 2>"$work/app.log" & app=$!
    inside nginx -c "$work/nginx.conf" -g 'daemon off;' & server=$!
    sleep 2
    bpftrace "$here/persec.bt" "$(stat -c %i "$group")" > "$work/$1-$2.bpftrace.txt" 2>"$work/stderr" & tracer=$!
    sleep 3
    end=$(($(date +%s) + seconds))
    step=$2
    while [ "$(date +%s)" -lt "$end" ]; do # the same steps of load for every configuration
        step=$(((step * 17 + 5) % 29))
        (inside wrk -t 1 -c $((4 + step)) -d 5s -s "$work/pause.lua" -H 'Connection: close' http://127.0.0.1:8084/ >/dev/null)
    done
    kill -INT "$tracer"
    wait "$tracer" || :
    kill "$server" "$app"
    wait "$server" "$app" || :
    gzip -9nc "$work/$1-$2.bpftrace.txt" > "$here/$1-$2.bpftrace.txt.gz"
}

for run in 1 2; do
    for configuration; do
        record "$configuration" $run
    done
done

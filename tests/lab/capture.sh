#!/bin/sh
# capture.sh EXEAT SOURCE_ROOT: live capture between two network namespaces of its own.
#
# Proves: the live road gives the same kind of answer as a file; it stops after --for and on SIGINT;
# without authority nothing is captured; the inspector that reads the packets is not root.
set -eu
exeat=$1
root=$2
[ "$(id -u)" -eq 0 ] || {
	echo 'SKIP: network namespaces need root'
	exit 77
}
inside=exeat-inside-$$
outside=exeat-outside-$$
ip netns add "$inside" 2>/dev/null || {
	echo 'SKIP: this kernel lets nobody make network namespaces'
	exit 77
}
work=$(mktemp -d)
chmod 755 "$work"
server=
finish()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	ip netns del "$inside" 2>/dev/null || true
	ip netns del "$outside" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
fail()
{
	echo "FAILED: $1"
	cat "$work"/*.err 2>/dev/null || true
	exit 1
}

ip netns add "$outside"
ip link add "ein$$" type veth peer name "eout$$"
ip link set "ein$$" netns "$inside"
ip link set "eout$$" netns "$outside"
ip -n "$inside" addr add 192.168.77.2/24 dev "ein$$"
ip -n "$inside" route add 203.0.113.0/24 dev "ein$$" 2>/dev/null || true
ip -n "$outside" addr add 203.0.113.9/24 dev "eout$$"
ip -n "$outside" route add 192.168.77.0/24 dev "eout$$" 2>/dev/null || true
for ns in "$inside" "$outside"; do
	ip -n "$ns" link set lo up
done
ip -n "$inside" link set "ein$$" up
ip -n "$outside" link set "eout$$" up
ip -n "$inside" route replace 203.0.113.0/24 dev "ein$$"
ip -n "$outside" route replace 192.168.77.0/24 dev "eout$$"

# A server that takes what is posted to it, for ten requests at most.
cat >"$work/server.py" <<'PY'
import http.server


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("203.0.113.9", 80), Taker)
for _ in range(10):
    server.handle_request()
PY
ip netns exec "$outside" timeout 60 python3 "$work/server.py" &
server=$!

post()
{
	ip netns exec "$inside" python3 - <<-'PY'
		import time, urllib.request
		for _ in range(50):
		    try:
		        body = b'{"patient": {"medicareNumber": "2123 45670 1"}}'
		        urllib.request.urlopen(urllib.request.Request(
		            "http://203.0.113.9/upload", data=body,
		            headers={"Host": "up.quoll.example", "Content-Type": "application/json"}))
		        break
		    except OSError:
		        time.sleep(0.1)
	PY
}

# No authority: refused before anything is opened.
result=0
ip netns exec "$inside" "$exeat" capture -i "ein$$" --for 1s >"$work/refused.out" \
	2>"$work/refused.err" || result=$?
[ "$result" -eq 5 ] || fail "without authority the exit code was $result, expected 5"

# Three seconds, one upload in the middle.
result=0
(sleep 1 && post) &
sender=$!
ip netns exec "$inside" "$exeat" capture -i "ein$$" --for 4s --rules "$root/rules" \
	--authorised-by 'A. Manager, 2026-11-20' --out "$work/visit" \
	>"$work/live.out" 2>"$work/live.err" || result=$?
wait "$sender"
[ "$result" -eq 1 ] || fail "the live run ended with exit code $result, expected 1"
grep -q '"host":"up.quoll.example"' "$work/visit/flows.jsonl" || fail 'the upload is not there'
grep -q '"kind":"medicare"' "$work/visit/flows.jsonl" || fail 'its content was not recognised'
grep -q unencrypted "$work/visit/flags.csv" || fail 'it is not flagged'
grep -q '"kind":"live"' "$work/visit/run.json" || fail 'run.json does not say that it was live'
grep -q 'own user id' "$work/visit/run.json" || fail 'the inspector kept the caller'\''s user id'
if grep -rq '2123 45670 1' "$work/visit" "$work/live.out" "$work/live.err"; then
	fail 'the number itself stands in an output'
fi

# Ctrl-C: what was seen until then is reported.
result=0
ip netns exec "$inside" "$exeat" capture -i "ein$$" --rules "$root/rules" --quiet \
	--authorised-by 'A. Manager, 2026-11-20' --out "$work/visit2" 2>"$work/int.err" &
capture=$!
sleep 2
post
kill -TERM "$capture"
wait "$capture" || result=$?
[ "$result" -eq 1 ] || fail "after SIGTERM the exit code was $result, expected 1"
grep -q up.quoll.example "$work/visit2/summary.csv" || fail 'SIGTERM lost what was seen'

result=0
"$exeat" capture -i no-such-interface --authorised-by 'A. Manager, 2026-11-20' \
	2>"$work/absent.err" || result=$?
[ "$result" -eq 2 ] || [ "$result" -eq 6 ] || fail "an absent interface: exit code $result"
[ "$(wc -l <"$work/absent.err")" -eq 1 ] || fail 'an absent interface needs one sentence'
echo 'live capture: as expected'

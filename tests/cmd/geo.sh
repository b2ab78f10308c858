#!/bin/sh
# geo.sh EXEAT SOURCE_ROOT: country data, overrides and services, made and given rightly and wrongly.
# Each mistake is one sentence with its place, and the exit code that fits.
set -eu
exeat=$1
root=$2
capture=$root/fixtures/clinic-day/in.pcapng
. "$root/tests/shell.sh"

# says NAME TEXT: what went wrong is said, in one line
says()
{
	grep -q -- "$2" "$work/$1.err" || {
		fail "$1 does not say: $2"
		cat "$work/$1.err"
	}
	[ "$(wc -l <"$work/$1.err")" -eq 1 ] || fail "$1 says more than one line"
}

inspect()
{
	"$exeat" inspect --quiet "$capture" "$@"
}

# The unpacked packages, as small as they can be. 13.236.77.0/24 is Bookaroo's in the fixture.
packages=$work/packages
mkdir -p "$packages/usr/share/tor"
dated='# Generated: Thu, 25 Jun 2026 04:33:59 GMT'
printf '%s\n233590016,233590271,AU\n' "$dated" >"$packages/usr/share/tor/geoip"
printf '%s\n2001:db8::,2001:db8::ffff,AU\n' "$dated" >"$packages/usr/share/tor/geoip6"
run 2 no-dump "$exeat" geo build --packages "$packages" --out "$work/made"
says no-dump location.txt
printf '%s\n\naut-num: AS64496\nname: Edge\n\nnet: 13.236.77.0/24\ncountry: US\naut-num: 64496\n' \
	"$dated" >"$packages/location.txt"
run 0 made "$exeat" geo build --packages "$packages" --out "$work/made"
run 1 differ inspect --rules "$root/rules" --geo "$work/made" --out "$work/differ-run"
grep -q '"country":"AU","country_confidence":"unproven","org":"Edge","asn":64496' \
	"$work/differ-run/flows.jsonl" || fail 'where the sources differ the country is not unproven'
printf '\nnet: 13.236.77.1/24\n' >>"$packages/location.txt"
run 2 bad-dump "$exeat" geo build --packages "$packages" --out "$work/other"
says bad-dump 'location.txt:10:6: net: must be a network'
[ ! -e "$work/other/country.mmdb" ] || fail 'a broken table made a database'
run 2 both "$exeat" geo build --packages "$packages" --from "$root/fixtures/geo.csv" --out "$work/x"

# Databases under other makers' names, cut short, and of something else.
mkdir "$work/renamed" "$work/cut" "$work/none"
cp "$work/made/country.mmdb" "$work/renamed/GeoLite2-Country.mmdb"
cp "$work/made/asn.mmdb" "$work/renamed/dbip-asn.mmdb"
run 1 renamed inspect --rules "$root/rules" --geo "$work/renamed" --out "$work/renamed-run"
cmp -s "$work/differ-run/flows.jsonl" "$work/renamed-run/flows.jsonl" ||
	fail 'a database under another name says something else'
head -c 600 "$work/made/country.mmdb" >"$work/cut/country.mmdb"
run 2 cut inspect --rules "$root/rules" --geo "$work/cut"
says cut 'country.mmdb is not a MaxMind DB file, or the end of it is missing'
run 2 none inspect --rules "$root/rules" --geo "$work/none"
says none 'holds no country.mmdb'

# Overrides of the practice count, and a mistake in them stops the run.
cp -r "$root/fixtures/clinic-day/register" "$work/register"
printf 'match,organisation,country,source,checked_on\n' >"$work/register/overrides.csv"
printf 'domain:bookaroo.example,Bookaroo,NZ,letter of 2026,2026-11-20\n' \
	>>"$work/register/overrides.csv"
run 1 own inspect --rules "$root/rules" --geo "$work/made" --register "$work/register" \
	--out "$work/own-run"
grep -q '"country":"NZ","country_confidence":"override","org":"Bookaroo"' \
	"$work/own-run/flows.jsonl" || fail 'the override of the practice does not count'
echo 'cidr:192.0.2.1/24,A,AU,letter,2026-11-20' >>"$work/register/overrides.csv"
run 3 bad-own inspect --rules "$root/rules" --geo "$work/made" --register "$work/register"
says bad-own 'overrides.csv:3:1: A network is written'
echo 'match' >"$work/made/overrides.csv"
run 2 bad-shipped inspect --rules "$root/rules" --geo "$work/made"
says bad-shipped 'overrides.csv:1:0: The header lacks a column'

# Services are a hint: without the file the run goes on, with a broken one it does not.
cp -r "$root/rules" "$work/rules"
rm "$work/rules/services.csv"
run 1 no-services inspect --rules "$work/rules" --geo "$work/renamed"
printf 'match,organisation,country_hq,kind,flags,source,checked_on\n' >"$work/rules/services.csv"
echo 'domain:bookaroo.example,Bookaroo,,ai-service,,letter,2026-11-20' >>"$work/rules/services.csv"
run 1 service inspect --rules "$work/rules" --geo "$work/renamed" --out "$work/service-run"
grep -q 'ai-service-unregistered' "$work/service-run/flags.csv" ||
	fail 'an AI service outside of the register raises no flag'
echo 'domain:com.au,Everybody,,vendor,,letter,2026-11-20' >>"$work/rules/services.csv"
run 2 bad-service inspect --rules "$work/rules" --geo "$work/renamed"
says bad-service 'rules/services.csv:3:1: Everybody can register names under this one'

[ "$failures" -eq 0 ]

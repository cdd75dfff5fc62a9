#!/usr/bin/env sh
# Fetches the design system and htmx from npm at fixed versions and keeps only what the pages use.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out="$here/static/vendor"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent dkfds@11.2.0 htmx.org@2.0.11 htmx-ext-sse@2.2.4 >/dev/null
for archive in *.tgz; do mkdir "${archive%.tgz}" && tar -xzf "$archive" -C "${archive%.tgz}"; done
rm -rf "$out" && mkdir -p "$out/dkfds/css" "$out/dkfds/img/svg-icons" "$out/dkfds/fonts" "$out/htmx"
dkfds=dkfds-11.2.0/package/dist
# Browsers of today all read woff2; leaving the others out saves 11 MB and a request for an .eot.
sed -E 's#src:url\([^;}]*/complete/woff2/(IBMPlexSans-[A-Za-z]+\.woff2)[^;}]*#src:url(../fonts/\1) format("woff2")#g' \
  "$dkfds/css/dkfds.min.css" | sed -e 's#/\*\# sourceMappingURL=.*##' > "$out/dkfds/css/dkfds.min.css"
for weight in Regular Italic Medium MediumItalic SemiBold SemiBoldItalic Bold BoldItalic; do
  cp "$dkfds/fonts/IBMPlexSans/complete/woff2/IBMPlexSans-$weight.woff2" "$out/dkfds/fonts/"
done
grep -o 'svg-icons/[a-z0-9-]*\.svg' "$out/dkfds/css/dkfds.min.css" | sort -u | while read -r icon; do
  cp "$dkfds/img/$icon" "$out/dkfds/img/svg-icons/" || true
done
cp "$dkfds/LICENSE.md" "$out/dkfds/"
cp htmx.org-2.0.11/package/dist/htmx.min.js htmx.org-2.0.11/package/LICENSE "$out/htmx/"
cp htmx-ext-sse-2.2.4/package/dist/sse.min.js "$out/htmx/" 2>/dev/null || cp htmx-ext-sse-2.2.4/package/sse.js "$out/htmx/sse.min.js"

#!/usr/bin/env sh
# What the browser tests need beyond Python: Chromium and axe-core.
set -eu
cd "$(dirname "$0")/.."
if ! command -v chromium >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium …"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
  else
    echo "The browser tests need Chromium. Run: sudo apt-get install -y chromium (macOS: brew install chromium)" >&2
    exit 1
  fi
fi
if [ ! -f node_modules/axe-core/axe.min.js ]; then
  if ! command -v npm >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null
    else
      echo "The accessibility tests need npm. Run: sudo apt-get install -y npm (macOS: brew install node)" >&2
      exit 1
    fi
  fi
  npm install --silent --no-save --no-package-lock axe-core@4.14.1 >/dev/null 2>&1
fi

#!/bin/sh
set -e
/srv/shop/bin/pip install --upgrade shop
/srv/shop/bin/pip check
systemctl restart shop-worker

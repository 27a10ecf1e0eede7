#!/bin/sh
# /usr/local/bin/nianbao: the command as its services run it, with their settings and as their user.
# 命令 nianbao：与各服务同样的设置、同样的用户。
set -eu
umask 027
set -a
. /etc/nianbao/nianbao.env
HOME=/var/lib/nianbao
PREFECT_HOME=/var/lib/nianbao/prefect
set +a
# Where a timer runs the nights there is no server to look for.
if command -v systemctl >/dev/null && ! systemctl is-active --quiet nianbao-server nianbao-worker 2>/dev/null; then
    unset PREFECT_API_URL
fi
[ "$(id -u)" -eq 0 ] || exec /opt/nianbao/bin/nianbao "$@"
# A folder of root's is no place to work in for anybody else.
runuser -u nianbao -- test -r . -a -x . || cd /
exec runuser -u nianbao -- /opt/nianbao/bin/nianbao "$@"

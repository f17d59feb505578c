#!/bin/sh
# rootfs.sh PROGRAM FOLDER lays out what PROGRAM and XLA's plugins need to run, and nothing more: the loader, the shared
# libraries, certificates, a user and two folders to write to. It runs in the image that PROGRAM was built in.
set -eu
program=$1 root=$2

mkdir -p "$root/etc/ssl/certs" "$root/usr/bin" "$root/var/lib/lossatlas" "$root/tmp"

# Of the program itself, then those that a plugin links to (libstdc++ brings libm and libgcc_s).
libraries=$(ldd "$program" | grep -o '/[^ ]*')
for name in libstdc++.so.6 libgcc_s.so.1 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2; do
    libraries="$libraries $(ldconfig -p | awk -v n="$name" '$1 == n && /x86-64|AArch64/ { print $NF; exit }')"
done
for file in $libraries; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done

cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
: > "$root/etc/ld.so.conf" # libraries lie where the loader looks by itself; XLA's binding asks for the file
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
echo 'lossatlas:x:65532:65532::/var/lib/lossatlas:/nowhere' > "$root/etc/passwd"
echo 'lossatlas:x:65532:' > "$root/etc/group"
chown -R 65532:65532 "$root/var/lib/lossatlas"
chmod 1777 "$root/tmp"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: `topology import` and `topology export`: what is recognised, merged, filled in and refused.
. "$(dirname "$0")/tap.sh"

# imports ARGUMENT...: `topology import -o made.yaml ARGUMENT...` makes a good topology.
imports() {
    call "$NUMASIM" topology import -o made.yaml "$@"
    [ "$status" -eq 0 ] && "$NUMASIM" topology validate made.yaml >/dev/null || { cat err; return 1; }
}

# refuses TEXT ARGUMENT...: exit 2, TEXT in the message, and no file.
refuses() {
    text=$1
    shift
    rm -f made.yaml
    call "$NUMASIM" topology import "$@" -o made.yaml
    [ "$status" -eq 2 ] && grep -qF -e "$text" err && [ ! -e made.yaml ] || { cat err; return 1; }
}

told() {
    grep -qF -e "$1" err
}

cat >numactl.txt <<'END'
available: 2 nodes (0-1)
node 0 cpus: 0 1 2 3
node 0 size: 16000 MB
node 0 free: 15000 MB
node 1 cpus: 4 5 6 7
node 1 size: 16100 MB
node 1 free: 15000 MB
node distances:
node   0   1
  0:  10  21
  1:  21  10
END
cat >lscpu-p.txt <<'END'
# CPU,Core,Socket,Node,,L1d,L1i,L2,L3
0,0,0,0,,0,0,0,0
1,0,0,0,,0,0,0,0
2,1,0,0,,1,1,1,0
3,1,0,0,,1,1,1,0
4,2,1,1,,2,2,2,1
5,2,1,1,,2,2,2,1
6,3,1,1,,3,3,3,1
7,3,1,1,,3,3,3,1
END
sed 's/^3,1,0,0/3,1,0,1/' lscpu-p.txt >wrong.txt

ok 'numactl alone is imported' imports numactl.txt
ok '... and cores are said to be a default' told 'no core is stated: each CPU is one'
ok '... and packages, too' told 'no package is stated: each node is one'
ok '... and what costs are taken from' told 'what kernel actions cost is not stated: as of generic-2s'
ok 'two files together make one machine' imports numactl.txt lscpu-p.txt
ok '... whose cores are stated now' sh -c '! grep -q "no core is stated" err'
ok '... with both named as sources' grep -q 'lscpu' made.yaml
ok '... in the order given or not' imports lscpu-p.txt numactl.txt
ok 'a contradiction is refused, naming both' refuses 'contradict each other' numactl.txt wrong.txt
ok 'standard input is read' sh -c \
    '"$NUMASIM" topology import - -o made.yaml <numactl.txt 2>/dev/null && test -s made.yaml'
ok 'a string for hwloc is a machine' imports 'numa:2(memory=8GB) core:2 pu:2'
ok 'a command line of QEMU is a machine' imports -- \
    'qemu-system-x86_64 -smp 8,sockets=2,cores=2,threads=2 -m 4G'
ok 'what is nothing is refused' refuses 'there is no such file' 'no such thing'
ok 'a file that is nothing is refused' refuses 'describes no machine in a known format' "$tests/cli/tap.sh"
ok 'an unknown format names the nearest' refuses "did you mean 'numactl'" --from numactll numactl.txt
ok 'nothing to import is refused' refuses 'expected files, or --live'
ok '--measure wants --live' refuses 'expected --live' --measure numactl.txt
ok 'an unknown machine to liken to is refused' refuses '--like' --like nonesuch numactl.txt

printf '%s\n' 'available: 2 nodes (0-1)' 'node 0 cpus: 0 1' 'node 0 size: 100 MB' 'node 1 cpus: 2 3' \
    'node 1 size: 0 MB' 'node distances:' 'node 0 1' ' 0: 10 12' ' 1: 10 10' >odd.txt
ok 'an odd machine is imported' imports odd.txt
ok '... and declared asymmetric' grep -q 'asymmetric: true' made.yaml
ok '... and irregular' grep -q 'irregular: true' made.yaml
ok '... with a warning' told 'unusual: '
ok '... and its node without memory' told 'node 1 has no memory'

ok 'the machine at hand is imported' imports --live

# What both formats can say comes back.
round() {
    "$NUMASIM" topology export "$1" --format "$2" -o made.txt 2>/dev/null &&
        "$NUMASIM" topology import made.txt --name "$1" -o made.yaml 2>/dev/null &&
        "$NUMASIM" topology show made.yaml --format json >one.json &&
        "$NUMASIM" topology show "$1" --format json >two.json &&
        perl -MJSON::PP -e 'sub l { open(F, "<", $_[0]); local $/; decode_json(<F>) }
            ($a, $b) = (l("one.json"), l("two.json"));
            for $k (qw(cpus distances)) { for (@{$a->{$k}}, @{$b->{$k}}) {
                next if ref ne "HASH"; $_ = join ",", @$_{qw(cpu package node)} } }
            $j = JSON::PP->new->canonical;
            exit($j->encode([@$a{qw(cpus distances)}]) ne $j->encode([@$b{qw(cpus distances)}]))'
}
for machine in teach-numa-2x4 epyc-7763-2s-nps4; do
    ok "$machine comes back from hwloc XML" round "$machine" hwloc-xml
done
ok 'an unknown format to export to lists those there are' sh -c \
    '"$NUMASIM" topology export teach-numa-2x4 --format xml 2>&1 | grep -q "expected one of hwloc-xml"'

# What cannot be meant, and what a shell gives.
mkfifo pipe
cat numactl.txt >pipe &
ok 'a pipe is read' imports pipe
wait
cp made.yaml own.yaml
ok 'a device is not' refuses 'is not a regular file' /dev/zero
ok "one's own topology is refused" refuses 'is already a topology' own.yaml
tar -cf whole.tar numactl.txt && bzip2 -f whole.tar 2>/dev/null && head -c 60 whole.tar.bz2 >cut.tar.bz2
if [ -s cut.tar.bz2 ]; then
    ok 'a cut archive says so' refuses 'is no whole tar archive' cut.tar.bz2
else
    skip 'a cut archive says so' 'no bzip2'
fi
ok 'text without an option is no command line' refuses "no option of QEMU's" --from qemu numactl.txt
ok 'a string for hwloc says its limit' refuses 'more than 4096 CPUs' 'core:8192'
ok 'a name is plain' refuses 'is no plain name' --name 'a b/c' numactl.txt
ok '--host wants pins' refuses 'pins nothing to a host' --host teach-numa-2x4 numactl.txt
cat >guest.xml <<'END'
<domain><vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='200'/></cputune>
</domain>
END
ok 'pins without a host are told' imports guest.xml
ok '... in a line' told 'which --host would name'
ok 'pins outside the host are refused' refuses 'expected some of 0-7' --host teach-numa-2x4 guest.xml
mkdir -p system/cpu/cpu0/topology system/cpu/cpu1/topology
echo 0-1 | tee system/cpu/possible system/cpu/present >system/cpu/online
for cpu in 0 1; do
    echo 0 >system/cpu/cpu$cpu/topology/physical_package_id
    echo $cpu >system/cpu/cpu$cpu/topology/core_id
    echo $cpu >system/cpu/cpu$cpu/topology/core_cpus_list
    echo 0-1 >system/cpu/cpu$cpu/topology/package_cpus_list
done
ok 'what stands in /sys/devices/system is enough' imports system
ok '... and its CPUs are found' told '2 CPUs, 2 cores, 1 LLC, 1 node, 1 package'
for vendor in AMD AuthenticAMD; do
    "$NUMASIM" topology export epyc-7763-2s-nps4 --format hwloc-xml 2>/dev/null |
        sed "s/\"CPUVendor\" value=\"[^\"]*\"/\"CPUVendor\" value=\"$vendor\"/" >amd.xml
    ok "an AMD machine ($vendor) is an EPYC guest" sh -c \
        '"$NUMASIM" topology import amd.xml -o amd.yaml 2>/dev/null &&
        sed -i "/reclaim-distance/s/30/32/" amd.yaml &&
        "$NUMASIM" topology export amd.yaml --format qemu 2>/dev/null | grep -q -e "-cpu EPYC"'
done
done_testing

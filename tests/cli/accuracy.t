#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: the page of accuracy from a study's outcome and a test's.
. "$(dirname "$0")/tap.sh"
cat >here.yaml <<'END'
numasim: study/1
question: Is it there?
sources: [nobody]
topologies: [teach-uma-4]
workloads: [teach-shares]
policies: [linux-6.12]
expect: [{metric: context_switches, at-least: 1}]
END
printf 'ok 1 - a\n1..1\n' >real.tap
printf '# Page\n<!-- total -->\n<!-- studies -->\n<!-- tests: real -->\n' >page.md.in

has() {
    grep -qF -e "$1" "$2" || { cat "$2"; return 1; }
}

call "$NUMASIM" study ./here.yaml -o runs/here
ok 'a study to tell of' test "$status" -le 1
call "$NUMASIM" accuracy --page page.md.in runs real.tap
ok 'a page' test "$status" -eq 0
ok 'says which study' has '[here](studies/here.yaml): Is it there? | nobody |' out
ok 'says which test' has '| real | 1 of 1 |' out
cp out first
call "$NUMASIM" accuracy --page page.md.in real.tap runs/here/study.json -o page.md
ok 'the same bytes from the same outcomes' cmp first page.md
mkdir empty
refuses 2 'empty: no outcome in it' accuracy --page page.md.in empty
refuses 2 'nowhere' accuracy --page page.md.in nowhere
printf '1..3\nok 1 - a\n' >cut.tap
refuses 2 'not all of the tests that its plan (1..N) announces ran' accuracy --page page.md.in runs cut.tap
refuses 2 'a second outcome' accuracy --page page.md.in runs runs/here real.tap
refuses 2 'page.md.in:4: no outcome of a test' accuracy --page page.md.in runs
refuses 2 'not JSON' accuracy --page page.md.in page.md.in

# What is written by hand stands in both.
results=$tests/../results
grep -v '^<!--' "$results/accuracy.md.in" | grep -vFx -f "$results/ACCURACY.md" >stale
ok 'ACCURACY.md has all of accuracy.md.in (make accuracy-page)' test ! -s stale

# And so do the studies: each is in a table with its question, or told as not run.
NUMASIM_PATH="$results/.." "$NUMASIM" study list --format json >studies.json
ok 'ACCURACY.md has all studies, and no other (make accuracy)' perl -MJSON::PP -0777 -e '
    my ($page, $studies) = map { open(my $f, "<", $_) or die; <$f> } @ARGV;
    my %question = map { $_->{name} => $_->{question} } @{JSON::PP->new->decode($studies)};
    my %shown = map { $_ => 1 } $page =~ m{\(studies/([^)]*)\.yaml\)}g;
    my $bad = 0;
    $page =~ s/\\([[:punct:]])/$1/g;
    for my $name (sort keys %question) {
        my $row = $page =~ m{^\| \[\Q$name\E\]\(studies/\Q$name\E\.yaml\): (.*?) \|}m ? $1 : "";
        $bad += print "not on the page: $name\n" if !$shown{$name};
        $bad += print "asked otherwise: $name: $row\n" if $row ne "" && $row ne $question{$name};
    }
    $bad += print "no study: $_\n" for grep { !exists $question{$_} } sort keys %shown;
    exit($bad != 0)' "$results/ACCURACY.md" studies.json
done_testing

# What all pictures share. `numasim plot` sets before this: out_terminal ("svg", "pngcairo",
# "pdfcairo"), out_file (empty: standard output), width and height in points, finding (the title) and detail (below it).
#
# Lines differ in dash and weight as well as in colour, so that a print in grey can be read.
set encoding utf8
if (out_terminal eq "svg") {
    set terminal svg size width,height dynamic noenhanced background "#ffffff" font "DejaVu Sans,Helvetica,Arial,sans-serif,13"
} else { if (out_terminal eq "pngcairo") {
    set terminal pngcairo size width,height noenhanced background "#ffffff" font "DejaVu Sans,10"
} else {
    set terminal pdfcairo size width/96.0,height/96.0 noenhanced background "#ffffff" font "DejaVu Sans,9"
}}
if (strlen(out_file) > 0) { set output out_file } else { set output }

# A size of letters, as pngcairo has it: a pixel of SVG is smaller than a point.
letters(points) = sprintf(",%.1f", out_terminal eq "svg" ? points * 1.3 : points)
ink = "#222222"
faint = "#666666"
set border 3 linecolor rgb "#888888" linewidth 1
set tics nomirror out scale 0.6 textcolor rgb ink
set grid linecolor rgb "#dddddd" linewidth 1 dashtype 1
set linetype 1 linecolor rgb "#08306b" linewidth 3 dashtype 1
set linetype 2 linecolor rgb "#e6550d" linewidth 2.5 dashtype (10,4)
set linetype 3 linecolor rgb "#31a354" linewidth 2.5 dashtype (3,3)
set linetype 4 linecolor rgb "#756bb1" linewidth 2 dashtype (12,4,3,4)
set linetype 5 linecolor rgb "#969696" linewidth 3 dashtype 1
set linetype 6 linecolor rgb "#d94801" linewidth 1.5 dashtype 1
set linetype 7 linecolor rgb "#3182bd" linewidth 1.5 dashtype (6,6)
set linetype 8 linecolor rgb "#252525" linewidth 1.5 dashtype (2,6)

# The finding in large letters, and below it how it was measured.
heading_size = out_terminal eq "svg" ? 17 : out_terminal eq "pngcairo" ? 13 : 12
room = width / 10.2 # letters of that size
if (strlen(finding) > room) { heading_size = heading_size * room / strlen(finding) }
set label 1001 finding at screen 0.02, screen 1 - 24.0 / height left font sprintf(",%.1f", heading_size) textcolor rgb ink
detail_size = out_terminal eq "svg" ? 13 : out_terminal eq "pngcairo" ? 10 : 9
room = width / 7.0
if (strlen(detail) > room) { detail_size = detail_size * room / strlen(detail) }
set label 1002 detail at screen 0.02, screen 1 - 46.0 / height left font sprintf(",%.1f", detail_size) textcolor rgb faint
set tmargin at screen 1 - 74.0 / height

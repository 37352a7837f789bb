# A machine with its load. Set before: $boxes (x1 y1 x2 y2), $cpus (the same, use in per cent, number),
# $bars (used bandwidth, as boxes), $texts (x y level text), core (a core's edge), threads (the most of a core), drawing_width and
# drawing_height. Lengths go down and to the right.
unset border
unset grid
unset key
unset xtics
unset ytics
set xrange [0:drawing_width]
set yrange [drawing_height:0]
set size ratio -1
set lmargin at screen 16.0 / width
set rmargin at screen 1 - 110.0 / width
set tmargin at screen 1 - 66.0 / height
set bmargin at screen 16.0 / height
set palette defined (0 "#ffffff", 25 "#c6dbef", 50 "#6baed6", 75 "#2171b5", 100 "#08306b")
set cbrange [0:100]
set cbtics 25 format "%g %%" scale 0.4 textcolor rgb ink
set colorbox user origin 1 - 80.0 / width, 0.5 - 80.0 / height size 14.0 / width, 160.0 / height
set style fill solid 1.0 border rgb "#888888"
points = core * (width - 126.0) / drawing_width
numbered = points / threads >= 17
plot "$boxes" using (($1 + $3) / 2.0):(($2 + $4) / 2.0):1:3:2:4 with boxxyerror fillstyle empty linecolor rgb "#888888" linewidth 1 dashtype 1, \
    "$cpus" using (($1 + $3) / 2.0):(($2 + $4) / 2.0):1:3:2:4:5 with boxxyerror fillcolor palette linewidth 0.5 dashtype 1, \
    "$bars" using (($1 + $3) / 2.0):(($2 + $4) / 2.0):1:3:2:4 with boxxyerror fillcolor rgb "#fd8d3c" fillstyle pattern 2 border rgb "#888888" linewidth 1 dashtype 1, \
    "$cpus" using (numbered ? ($1 + $3) / 2.0 : NaN):(($2 + $4) / 2.0):6:($5 > 55 ? 0xffffff : 0x222222) with labels font letters(8) textcolor rgb variable, \
    "$texts" using 1:2:($3 == 0 ? stringcolumn(4) : "") with labels left font letters(points >= 12 ? 12 : 10) textcolor rgb ink, \
    "$texts" using 1:2:($3 > 0 ? stringcolumn(4) : "") with labels left font letters(points >= 12 ? 10 : 8) textcolor rgb ink

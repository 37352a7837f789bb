# Who reads whose memory. Set before: nr, label1.., share1.. (of local accesses, text), $matrix1..: a
# row for each CPU node, a column for each memory node, per cent of the row's accesses (-1: it had
# none); rows, columns, and node_names, one word to a node.
set palette defined (0 "#ffffff", 1 "#deebf7", 30 "#9ecae1", 60 "#4292c6", 100 "#08306b")
set cbrange [0:100]
unset colorbox
unset key
unset grid
unset tmargin
set border 15
set xrange [-0.5:columns - 0.5]
set yrange [rows - 0.5:-0.5]
set xtics scale 0 ("" 0)
set ytics scale 0 ("" 0)
do for [i = 1:columns] {
    set xtics add (word(node_names, i) i - 1)
    set ytics add (word(node_names, i) i - 1)
}
set size ratio -1
texted = columns <= 16
cell_font = columns <= 8 ? "" : ",8"
set multiplot
do for [i = 1:nr] {
    left = (i - 1.0) / nr
    set lmargin at screen left + 70.0 / width
    set rmargin at screen left + 1.0 / nr - 12.0 / width
    set tmargin at screen 1 - 104.0 / height
    set bmargin at screen 58.0 / height
    set title value(sprintf("label%d", i)) . ": " . value(sprintf("share%d", i)) . " local" \
        textcolor rgb ink offset 0,-0.4
    set xlabel "node of the memory" textcolor rgb ink offset 0,0.4
    if (i == 1) { set ylabel "node of the CPU" textcolor rgb ink offset 0,0 } else { unset ylabel }
    plot sprintf("$matrix%d", i) matrix using 1:2:($3 < 0 ? NaN : $3) with image pixels, \
        sprintf("$matrix%d", i) matrix using 1:2:(!texted ? "" : $3 < 0 ? "–" : $3 == 0 ? "" : $3 < 0.5 ? "<1" : sprintf("%.0f", $3)):($3 > 50 ? 0xffffff : 0x222222) \
        with labels textcolor rgb variable font cell_font
    unset label 1001
    unset label 1002
}
unset multiplot

# Bandwidth over time: of nodes, and below of links if there are any. Set before: $nodes and $links (time
# in s, then GB/s of each of nodes_lines and links_lines; nodes1.., links1.. their names), from and slice
# in seconds, columns.
set xrange [from:from + columns * slice]
set lmargin at screen 96.0 / width
set rmargin at screen 1 - 24.0 / width
set yrange [0:1<*]
panels = links_lines > 0 ? 2 : 1
set multiplot
set tmargin at screen 1 - 96.0 / height
set bmargin at screen panels > 1 ? 0.49 : 58.0 / height
if (panels > 1) { set format x "" } else { set xlabel "simulated time (s)" textcolor rgb ink }
set ylabel "nodes' memory (GB/s)" textcolor rgb ink
set key at screen 1 - 24.0 / width, screen 1 - 62.0 / height right top horizontal maxrows 2 samplen 3 width 1 textcolor rgb ink
plot for [i = 1:nodes_lines] "$nodes" using 1:i + 1 with lines linetype i title value(sprintf("nodes%d", i))
unset label 1001
unset label 1002
if (panels > 1) {
    set tmargin at screen 0.40
    set bmargin at screen 58.0 / height
    set format x "%g"
    set xlabel "simulated time (s)" textcolor rgb ink
    set ylabel "links, by node (GB/s)" textcolor rgb ink
    set key at screen 1 - 24.0 / width, screen 0.46 right top horizontal maxrows 2 samplen 3 width 1 textcolor rgb ink
    plot for [i = 1:links_lines] "$links" using 1:i + 1 with lines linetype i title value(sprintf("links%d", i))
}
unset multiplot

# A map of CPUs by time: who runs where, how many wait. Set before: $cells: a row for each CPU, a column
# for each slice of time, 0 for white and else the number of an owner; owners, owner1.. (names), colors
# (a word to each, white first), rest (what white is), from and slice in seconds, columns, cpus, and of each node with CPUs its number, first and last row as words of node_names,
# node_first and node_last. CPUs stand by node, LLC and core.
colors = colors . " #ffffff #ffffff #ffffff #ffffff #ffffff #ffffff #ffffff #ffffff"
set palette defined (0 word(colors, 1), 1 word(colors, 2), 2 word(colors, 3), 3 word(colors, 4), \
    4 word(colors, 5), 5 word(colors, 6), 6 word(colors, 7), 7 word(colors, 8), 8 word(colors, 9)) maxcolors 9
set cbrange [-0.5:8.5]
unset colorbox
unset grid
set border 15
set xrange [from:from + columns * slice]
set yrange [cpus - 0.5:-0.5]
set xlabel "simulated time (s)" textcolor rgb ink offset 0,0.4
nodes = words(node_names)
if (nodes > 1) {
    set ylabel "CPUs by node" textcolor rgb ink
    unset ytics
    set ytics scale 0 ("" 0)
    do for [i = 1:nodes] {
        set ytics textcolor rgb ink; set ytics add ("node " . word(node_names, i) (word(node_first, i) + word(node_last, i)) / 2.0)
        if (i > 1) {
            set arrow i from graph 0, first word(node_first, i) - 0.5 to graph 1, first word(node_first, i) - 0.5 \
                nohead linecolor rgb "#888888" linewidth 0.7 front
        }
    }
} else {
    set ylabel "CPU" textcolor rgb ink
    set ytics scale 0 1
    if (cpus > 24) { set ytics 8 }
}
set key at screen 0.5, screen 22.0 / height center center horizontal Left reverse samplen 1 width 1 textcolor rgb ink maxrows 2
set lmargin at screen 88.0 / width
set rmargin at screen 1 - 24.0 / width
set bmargin at screen 112.0 / height
plot "$cells" matrix using (from + ($1 + 0.5) * slice):2:3 with image notitle, \
    for [i = 1:owners] keyentry with boxes fillstyle solid 1.0 border rgb "#888888" linewidth 0.5 fillcolor rgb word(colors, i + 1) title value(sprintf("owner%d", i)), \
    keyentry with boxes fillstyle solid 1.0 border rgb "#888888" linewidth 0.5 fillcolor rgb "#ffffff" title rest

# Memory by node over time, and below it what moves it. Set before: $nodes (time in s, then MiB of each of
# nodes_lines nodes, nodes1.. their names), $rates (time, then per second of rates1 to rates3), from and slice in seconds, columns.
set xrange [from:from + columns * slice]
set lmargin at screen 96.0 / width
set rmargin at screen 1 - 24.0 / width
set yrange [0:1<*]
set multiplot
set tmargin at screen 1 - 96.0 / height
set bmargin at screen 0.49
set format x ""
set ylabel "memory in use (MiB)" textcolor rgb ink
set key at screen 1 - 24.0 / width, screen 1 - 62.0 / height right top horizontal maxrows 2 samplen 3 width 1 textcolor rgb ink
plot for [i = 1:nodes_lines] "$nodes" using 1:i + 1 with lines linetype i title value(sprintf("nodes%d", i))
unset label 1001
unset label 1002
set tmargin at screen 0.40
set bmargin at screen 58.0 / height
set format x "%g"
set xlabel "simulated time (s)" textcolor rgb ink
set ylabel "pages per second" textcolor rgb ink
set yrange [0:1000<*]
set format y "%.0s %c"
set ytics autofreq
set key at screen 1 - 24.0 / width, screen 0.46 right top horizontal maxrows 2 samplen 3 width 1 textcolor rgb ink
# Most often each remote fault moves its page: the line of these runs on that of the faults, so it has marks.
plot for [i = 1:2] "$rates" using 1:i + 1 with lines linetype i title value(sprintf("rates%d", i)), \
    "$rates" using 1:4 with linespoints linetype 3 linewidth 1.5 pointtype 6 pointsize 0.6 pointinterval 5 title rates3
unset multiplot

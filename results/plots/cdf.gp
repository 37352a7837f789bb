# Latency distributions. Set before: nr, label1.., $data1.. with columns latency in ns, samples up to
# it, samples in all; quantity (the axis), low and high (ns, whole decades).
#
# The vertical axis is the share of samples at or below, on the logarithm of what is left: the tail
# gets as much room as the body.
up_to(below, all) = below < all ? -log10(1.0 - (1.0 * below) / all) : log10(all)
set logscale x 10
set xrange [low:high]
set yrange [0:*]
set xlabel quantity textcolor rgb ink
set ylabel "share of samples at or below" textcolor rgb ink
set xtics ("1 ns" 1, "10 ns" 1e1, "100 ns" 1e2, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, \
    "10 ms" 1e7, "100 ms" 1e8, "1 s" 1e9, "10 s" 1e10, "100 s" 1e11)
set mxtics 10
set ytics ("0" 0, "50 %%" 0.30103, "90 %%" 1, "99 %%" 2, "99.9 %%" 3, "99.99 %%" 4, "99.999 %%" 5, \
    "99.9999 %%" 6)
set key top left Left reverse samplen 4 spacing 1.2 textcolor rgb ink opaque
plot for [i = 1:nr] sprintf("$data%d", i) using 1:(up_to($2, $3)) with steps linetype i \
    title value(sprintf("label%d", i))

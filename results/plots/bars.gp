# Groups of bars. Set before: nr, label1.., $data1.. with columns group (0..), value and its text;
# groups, group1.. (names), axis, low and high, logarithmic, times (values are ns), scale (integer to one
# of the unit). Bars differ in shade and, from the third on, in hatching.
shades = "#08306b #fdae6b #238b45 #6a51a3 #525252 #a63603 #2171b5 #252525"
width_of = 0.8 / nr
set style fill solid 1.0 border rgb "#444444"
set boxwidth width_of * 0.92
set grid noxtics ytics
set xrange [-0.55:groups - 0.45]
set xtics scale 0 ("" 0)
do for [g = 1:groups] { set xtics add (value(sprintf("group%d", g)) g - 1) }
set ylabel axis textcolor rgb ink
if (logarithmic) {
    set logscale y 10
    set yrange [low:high * 4.0]
} else {
    set yrange [0:high / scale * 1.25]
}
if (times) {
    set ytics ("1 ns" 1, "10 ns" 1e1, "100 ns" 1e2, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, \
        "10 ms" 1e7, "100 ms" 1e8, "1 s" 1e9, "10 s" 1e10, "100 s" 1e11)
    set mytics 10
}
set key top left horizontal Left reverse samplen 2 width 1 textcolor rgb ink maxrows 2
texted = nr * groups <= 24
pattern_of(i) = i < 3 ? 3 : i == 3 ? 2 : i == 4 ? 4 : i == 5 ? 5 : i == 6 ? 1 : i == 7 ? 6 : 7
plot for [i = 1:nr] sprintf("$data%d", i) using ($1 + (i - 0.5 - nr / 2.0) * width_of):($2 / scale) \
        with boxes fillstyle pattern pattern_of(i) fillcolor rgb word(shades, i) linewidth 1 dashtype 1 title value(sprintf("label%d", i)), \
    for [i = 1:nr] sprintf("$data%d", i) using ($1 + (i - 0.5 - nr / 2.0) * width_of):(texted ? $2 / scale : NaN):3 \
        with labels offset 0,0.6 font letters(9) textcolor rgb ink notitle

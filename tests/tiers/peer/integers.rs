//! Arithmetic, casts, bits, literals.

use super::harness::peers;

peers! {
    casts_cut: r#"BEGIN { $a = (uint8)300; $b = (uint16)70000; $c = (uint32)4294967299; printf("%d %d %d\n", $a, $b, $c); exit(); }"#;
    casts_with_a_sign: r#"BEGIN { $a = (int8)200; $b = (int16)40000; $c = (int32)3000000000; printf("%d %d %d\n", $a, $b, $c); exit(); }"#;
    a_cast_number_in_a_map: r#"BEGIN { @a = (int8)-5; @b = (uint16)65535; @c = (int32)-70000; exit(); }"#;
    literals_in_three_bases: r#"BEGIN { printf("%d %d %d %d\n", 255, 0xff, 0377, 0XFF); exit(); }"#;
    literals_with_exponents: r#"BEGIN { printf("%d %d\n", 1e6, 5e3); exit(); }"#;
    addition_and_multiplication: r#"BEGIN { $a = 7; $b = 3; printf("%d %d %d\n", $a + $b * 2, ($a + $b) * 2, $a - $b - 1); exit(); }"#;
    division_of_positive_numbers: r#"BEGIN { $a = 17; printf("%d %d %d\n", $a / 5, $a % 5, $a / 17); exit(); }"#;
    bits: r#"BEGIN { $a = 12; $b = 10; printf("%d %d %d %d\n", $a & $b, $a | $b, $a ^ $b, ~$a); exit(); }"#;
    shifts: r#"BEGIN { $a = 1; $b = 4; printf("%d %d %d\n", $a << $b, 256 >> $b, $a << 20 >> 3); exit(); }"#;
    precedence_of_shifts_and_sums: r#"BEGIN { $a = 1; printf("%d %d\n", $a << 2 + 1, $a + 1 << 2); exit(); }"#;
    precedence_of_bits_and_comparisons: r#"BEGIN { $a = 6; printf("%d %d\n", ($a & 2) == 2, $a & 4 | 1); exit(); }"#;
    comparisons: r#"BEGIN { $a = 5; printf("%d %d %d %d %d %d\n", $a == 5, $a != 5, $a < 6, $a <= 4, $a > 4, $a >= 6); exit(); }"#;
    comparisons_with_a_sign: r#"BEGIN { $a = -5; $b = 3; printf("%d %d %d\n", $a < $b, $a > $b, $a < -4); exit(); }"#;
    logic: r#"BEGIN { $a = 1; $b = 0; printf("%d %d %d %d\n", $a && $b, $a || $b, !$a, !$b); exit(); }"#;
    logic_of_numbers_that_are_not_one: r#"BEGIN { $a = 4; $b = 8; printf("%d %d %d\n", $a && $b, $a & $b, !$a || !$b); exit(); }"#;
    the_opposite: r#"BEGIN { $a = 5; printf("%d %d %d\n", -$a, - -$a, -($a + 1)); exit(); }"#;
    steps_of_a_variable: r#"BEGIN { $a = 5; $b = $a++; $c = ++$a; $d = $a--; $e = --$a; printf("%d %d %d %d %d\n", $a, $b, $c, $d, $e); exit(); }"#;
    steps_of_a_map: r#"BEGIN { @a = 5; $b = @a++; $c = ++@a; printf("%d %d %d\n", @a, $b, $c); @k["x"]++; @k["x"]++; @k["y"]--; exit(); }"#;
    assignments_with_an_operator: r#"BEGIN { $a = 10; $a += 5; $a -= 3; $a *= 4; $a /= 6; printf("%d ", $a); $a %= 5; $a <<= 4; $a >>= 1; printf("%d ", $a); $a |= 7; $a &= 29; $a ^= 3; printf("%d\n", $a); exit(); }"#;
    assignments_to_a_map_with_an_operator: r#"BEGIN { @a = 10; @a += 5; @a *= 2; @k[1] += 3; @k[1] <<= 2; @k[2] |= 5; exit(); }"#;
    constants_are_folded_as_they_are_computed: r#"BEGIN { @a = 2 + 3 * 4; @b = (2 + 3) * 4; @c = 1 << 10; @d = 7 - 9; exit(); }"#;
    ternaries: r#"BEGIN { $x = 5; printf("%d %d %d\n", $x > 3 ? 1 : 2, $x > 7 ? 1 : 2, $x > 3 && $x < 5 ? 10 : 20); exit(); }"#;
    ternaries_in_ternaries: r#"BEGIN { $x = 5; printf("%d %s\n", $x < 3 ? 1 : $x < 6 ? 2 : 3, $x == 5 ? ($x > 0 ? "yes" : "maybe") : "no"); exit(); }"#;
    numbers_wrap_around: r#"BEGIN { $a = 9223372036854775807; $a += 1; printf("%ld\n", $a); exit(); }"#;
    sizes_of_types: r#"BEGIN { printf("%d %d %d %d\n", sizeof(uint8), sizeof(int16), sizeof(uint32), sizeof(int64)); exit(); }"#;
    a_type_of_ones_own: r#"struct pair { int left; long right; char name[8]; } BEGIN { printf("%d\n", sizeof(struct pair)); exit(); }"#;
    constants_of_an_enum: r#"enum colour { RED, GREEN = 5, BLUE } BEGIN { printf("%d %d %d\n", RED, GREEN, BLUE); exit(); }"#;
    constants_of_the_preprocessor: "#define LIMIT 12\n#define OTHER 0x20\nBEGIN { printf(\"%d %d\\n\", LIMIT + 1, OTHER); exit(); }";
    casts_bind_closer_than_sums: r#"BEGIN { $a = 255; printf("%d %d\n", (uint8)$a + 1, (uint8)($a + 1)); exit(); }"#;
    small_types_widen_in_sums: r#"BEGIN { $a = (int8)100; $b = (int8)100; printf("%d\n", $a + $b); exit(); }"#;
    unsigned_numbers_of_32_bits: r#"BEGIN { $a = (uint32)4000000000; printf("%lu %lu\n", $a, $a + 500000000); exit(); }"#;
}

//! Formats: numbers, text, widths, flags.

use super::harness::peers;

peers! {
    numbers_and_text_are_laid_out_alike: r#"BEGIN { printf("%d|%5d|%-5d|%05d|%x|%s|%-6s|%6s|%c\n", -3, 42, 42, 42, 255, "abc", "ab", "ab", 65); exit(); }"#;
    integers_of_64_bits_print_whole: r#"BEGIN { printf("%lu %ld %llx\n", (uint64)18446744073709551615, -9223372036854775807, 81985529216486895); exit(); }"#;
    flags_widths_and_bases: r#"BEGIN { printf("%08x|%X|%o|%-8d|%8u|%.3s|%-6.2s|%8.3s\n", 48879, 48879, 8, 7, 7, "abcdef", "xyz", "abcdef"); exit(); }"#;
    bytes_and_shorts: r#"BEGIN { printf("%hhd %hu %hhx\n", 127, 65535, 255); exit(); }"#;
    bytes_as_text: r#"BEGIN { printf("%r\n", buf("a\tb", 3)); exit(); }"#;
    hexadecimal_bytes: r#"BEGIN { printf("%rx %rh\n", buf("a\xff", 2), buf("ab", 2)); exit(); }"#;
    a_format_without_arguments: r#"BEGIN { printf("plain text\n"); printf("%d percent\n", 100); exit(); }"#;
    escapes_of_a_literal: r#"BEGIN { printf("tab\there \"quoted\" back\\slash\n"); exit(); }"#;
    octal_and_hexadecimal_escapes: r#"BEGIN { printf("\101\102\x43\n"); exit(); }"#;
    lines_without_an_end: r#"BEGIN { printf("a"); printf("b"); printf("c\n"); exit(); }"#;
    two_lines_in_one_format: r#"BEGIN { printf("one\ntwo\n"); exit(); }"#;
    seven_arguments: r#"BEGIN { printf("%d %d %d %d %d %d %d\n", 1, 2, 3, 4, 5, 6, 7); exit(); }"#;
    text_between_numbers: r#"BEGIN { printf("%d%s%d%s\n", 1, "a", 2, "b"); exit(); }"#;
    narrow_conversions_cut: r#"BEGIN { printf("%d %u %x\n", 4294967297, 4294967298, 4294967299); exit(); }"#;
    negative_numbers_in_all_widths: r#"BEGIN { printf("%hhd %hd %d %ld %lld\n", -1, -2, -3, -4, -5); exit(); }"#;
    negative_numbers_as_unsigned_ones: r#"BEGIN { printf("%u %x %lx\n", -1, -1, -1); exit(); }"#;
    zero_in_every_base: r#"BEGIN { printf("%d %u %x %X %o\n", 0, 0, 0, 0, 0); exit(); }"#;
    widths_that_are_too_narrow: r#"BEGIN { printf("%2d|%2s|%1x\n", 12345, "wide", 4096); exit(); }"#;
    padding_with_zeros: r#"BEGIN { printf("%010d|%03d|%08lx\n", 123, -5, 3735928559); exit(); }"#;
    text_to_the_left_and_to_the_right: r#"BEGIN { printf("[%-10s][%10s]\n", "left", "right"); exit(); }"#;
    empty_text: r#"BEGIN { printf("[%s][%5s][%-5s]\n", "", "", ""); exit(); }"#;
    characters: r#"BEGIN { printf("%c%c%c\n", 72, 105, 33); exit(); }"#;
    pointers: r#"BEGIN { printf("%p\n", 4660); exit(); }"#;
    a_number_that_a_map_holds: r#"BEGIN { @x = 12; printf("%d %5d|\n", @x, @x); clear(@x); exit(); }"#;
    a_counter_that_a_map_holds: r#"BEGIN { @x = count(); @x = count(); printf("done\n"); exit(); }"#;
    text_that_a_map_holds: r#"BEGIN { @s = "kept"; printf("<%s>\n", @s); clear(@s); exit(); }"#;
    values_that_are_printed_alone: r#"BEGIN { print(5); print("text"); print(-7); exit(); }"#;
    a_computation_as_an_argument: r#"BEGIN { $x = 6; printf("%d %d %d\n", $x * 7, $x - 10, $x % 4); exit(); }"#;
    many_lines: r#"BEGIN { $i = 0; unroll(20) { $i++; printf("line %d\n", $i); } exit(); }"#;
    formats_with_json_in_them: r#"BEGIN { printf("{\"a\": [1, 2]}\n"); exit(); }"#;
    the_addresses_of_the_net: r#"BEGIN { printf("%s %s\n", ntop(0x0100007f), ntop(2, 0x0a0b0c0d)); exit(); }"#;
}

//! Memory behind pointers: structs, arrays, bytes, addresses.

use super::harness::{peers, script};

peers! {
    a_struct_over_text: script(r#"struct word { char name[5]; char digit; } uprobe:TARGET:counted_function { $w = (struct word *)arg1; printf("%s %d\n", $w->name, $w->digit); }"#).child("call 3");
    a_struct_of_numbers: script(r#"struct two { uint16_t low; uint8_t next; uint8_t last; } uprobe:TARGET:counted_function /arg0 == 0/ { $t = (struct two *)arg1; printf("%x %x %x\n", $t->low, $t->next, $t->last); }"#).child("call 1");
    a_struct_in_a_struct: script(r#"struct inner { uint8_t a; uint8_t b; }; struct outer { uint8_t first; struct inner rest; }; uprobe:TARGET:counted_function /arg0 == 0/ { $o = (struct outer *)arg1; printf("%d %d %d\n", $o->first, $o->rest.a, $o->rest.b); }"#).child("call 1");
    elements_of_an_array: script(r#"struct bytes { uint8_t b[4]; } uprobe:TARGET:counted_function /arg0 == 0/ { $o = (struct bytes *)arg1; printf("%d %d %d\n", $o->b[0], $o->b[1], $o->b[3]); }"#).child("call 1");
    a_number_behind_a_pointer: script(r#"uprobe:TARGET:counted_function /arg0 == 0/ { printf("%x %x\n", *(uint8*)arg1, *(uint16*)arg1); }"#).child("call 1");
    bytes_behind_a_pointer: script(r#"uprobe:TARGET:counted_function { printf("%r\n", buf(arg1, 6)); }"#).child("call 2");
    bytes_of_an_array: script(r#"struct bytes { uint8_t b[4]; } uprobe:TARGET:counted_function /arg0 == 0/ { $o = (struct bytes *)arg1; printf("%r\n", buf($o->b)); }"#).child("call 1");
    an_address_of_a_device: script(r#"struct mac { uint8_t b[6]; } uprobe:TARGET:counted_function { $o = (struct mac *)arg1; printf("%s\n", macaddr($o->b)); }"#).child("call 2");
    an_address_of_the_net: script(r#"struct ip { uint8_t b[4]; } uprobe:TARGET:counted_function /arg0 == 0/ { $o = (struct ip *)arg1; printf("%s\n", ntop($o->b)); }"#).child("call 1");
    addresses_as_keys: r#"BEGIN { @[ntop(0x0100007f)] = 1; @[ntop(0x08080808)] = 2; exit(); }"#;
    bytes_swapped: r#"BEGIN { printf("%x %x\n", bswap((uint16)0x1234), bswap((uint32)0x12345678)); exit(); }"#;
    text_behind_a_pointer_compared: script(r#"uprobe:TARGET:counted_function /strncmp(str(arg1), "call-1", 6) == 0/ { @[arg0] = arg0; }"#).child("call 12");
    text_behind_a_pointer_equal: script(r#"uprobe:TARGET:counted_function /str(arg1) == "call-2"/ { @[arg0] = 1; }"#).child("call 5");
    a_null_pointer: r#"BEGIN { printf("[%s]\n", str(0)); exit(); }"#;
}

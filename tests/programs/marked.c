// A program with USDT probes whose arguments are in all the places that a compiler puts them.
//
//   marked N           fires each probe for i in 0..N, then prints how often the guarded one saw its semaphore raised
//   marked N wait      waits for a line on standard input first
//
// Built twice: as a program, and with -DLIBRARY -shared as the library it calls.
#define _SDT_HAS_SEMAPHORES 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sdt.h>

#ifdef LIBRARY

__extension__ unsigned short depot_stored_semaphore __attribute__((unused, section(".probes")));

void store(long i) {
    // Written first: probes cannot read memory that is not there yet.
    static char text[16];
    strcpy(text, "from a library");
    STAP_PROBE2(depot, stored, i, (char *)text);
}

#else

__extension__ unsigned short shop_sold_semaphore __attribute__((unused, section(".probes")));
__extension__ unsigned short shop_guarded_semaphore __attribute__((unused, section(".probes")));
__extension__ unsigned short shop_kinds_semaphore __attribute__((unused, section(".probes")));
__extension__ unsigned short shop_plain_semaphore __attribute__((unused, section(".probes")));
__extension__ unsigned short stock_sold_semaphore __attribute__((unused, section(".probes")));

void store(long i);

static int counter;
static long table[4] = {100, 200, 300, 400};
static long guarded;

struct item {
    long id;
    signed char sign;
    unsigned char byte;
    short small;
    char name[16];
};

// Inlined at two places: one probe, two locations, different operands.
static inline __attribute__((always_inline)) void sell(long id, int price) {
    STAP_PROBE2(shop, sold, id, price);
}

__attribute__((noinline)) void kinds(struct item *item, long i) {
    STAP_PROBE8(shop, kinds, item->id, item->sign, item->byte, item->small, (char *)item->name, -7, counter, table[i & 3]);
}

__attribute__((noinline)) void direct(long i) {
    // Operands written out: relative to a variable, with an index, the second byte of a register.
    register long index __asm__("rdx") = i & 3;
    register unsigned long halves __asm__("rax") = 0x1234;
    register long *base __asm__("rcx") = table;
    __asm__ volatile("990: nop\n"
                     ".pushsection .note.stapsdt,\"\",\"note\"\n"
                     ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n"
                     "991: .asciz \"stapsdt\"\n992: .balign 4\n"
                     "993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte 0\n"
                     ".asciz \"shop\"\n.asciz \"direct\"\n"
                     ".asciz \"-4@counter(%%rip) 8@(%%rcx,%%rdx,8) 1@%%ah 2@%%ax 8@8+table(%%rip) 8@$table\"\n"
                     "994: .balign 4\n.popsection\n"
                     :
                     : "r"(index), "r"(halves), "r"(base), "m"(counter), "m"(table));
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    if (argc > 2 && !strcmp(argv[2], "wait") && getchar() == EOF) return 1;
    for (long i = 0; i < n; i++) {
        struct item item = {.id = i, .sign = -1, .byte = 255, .small = -300};
        snprintf(item.name, sizeof item.name, "item-%ld", i);
        counter = -(int)i;
        kinds(&item, i);
        direct(i);
        sell(i, 5);
        sell(1000 + i, counter);
        STAP_PROBE1(stock, sold, i * 2);
        STAP_PROBE(shop, plain);
        if (__builtin_expect(shop_guarded_semaphore, 0)) {
            guarded++;
            STAP_PROBE1(shop, guarded, i);
        }
        store(i);
    }
    fprintf(stderr, "guarded %ld\n", guarded);
    return 0;
}

#endif

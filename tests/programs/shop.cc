// A program of C++ to trace: names with namespaces, classes, overloads, templates; a file of its own lines.
//
//   shop N          for i in 0..N: add(i), add(i, "note"), total(), twice<long>(i); and halve(i) for half of them
#include <cstdio>
#include <cstdlib>

namespace shop {

struct Item {
    int price;
    const char *name;
    unsigned small : 3;
    unsigned count : 5;
};

class Base {
  public:
    long id = 7;
};

class Cart : public Base {
  public:
    __attribute__((noinline)) int add(int price);
    __attribute__((noinline)) int add(int price, const char *note);
    __attribute__((noinline)) short total(const Item *item, double rate, bool last) const;

  private:
    int sum = 0;
};

int Cart::add(int price) {
    sum += price;
    return -price;
}

int Cart::add(int price, const char *note) {
    sum += price + (note[0] == 'x');
    return sum;
}

short Cart::total(const Item *item, double rate, bool last) const {
    return last ? -1 : (short)(item->price * rate);
}

template <typename T> __attribute__((noinline)) T twice(T value) {
    return value * 2;
}

} // namespace shop

volatile long kept;

static __attribute__((noinline)) void halve(long value) {
    if (value % 2 == 0)
        kept += value / 2; // line: halved
    kept++;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    shop::Cart cart;
    // Read once, so that its page is in memory when it is traced.
    static const char note[] = "note";
    kept = *(const volatile char *)note;
    for (long i = 0; i < n; i++) {
        shop::Item item = {(int)i, "tea", 5, (unsigned)i % 32};
        cart.add((int)i);
        cart.add((int)i, note);
        kept += cart.total(&item, 0.5, i == n - 1);
        kept += shop::twice<long>(i);
        halve(i);
    }
    return 0;
}

package main

import (
	"fmt"
	"math"
)

func ints[T int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64](a, b T, s uint) {
	fmt.Println(a+b, a-b, a*b, a&b, a|b, a^b, a&^b, a<<s, a>>s, -a, ^a, a < b, a <= b, a == b, a != b, a > b, a >= b)
	if b != 0 {
		fmt.Println(a/b, a%b)
	}
	a += 3
	a *= 5
	a -= 7
	a <<= 1
	a >>= 2
	fmt.Println(a)
}

func floats[T float32 | float64](a, b T) {
	fmt.Println(a+b, a-b, a*b, a/b, -a, a < b, a <= b, a == b, a != b, a > b, a >= b, int8(int(a)), int32(a), int64(b), uint8(int(a)))
}

func fuse(x, y, z float64) float64 { return x*y + z }

func shifts(n int) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = fmt.Sprint("recovered ", r)
		}
	}()
	return fmt.Sprint(1<<n, int8(1)<<n, uint32(7)>>n, -8>>n)
}

func main() {
	for _, s := range []uint{0, 1, 7, 8, 31, 32, 63, 64, 100} {
		ints[int](math.MinInt64, -1, s)
		ints[int](12345, 678, s)
		ints[int8](-128, -1, s)
		ints[int8](100, 100, s)
		ints[int16](-32768, -1, s)
		ints[int32](math.MinInt32, -1, s)
		ints[int64](math.MaxInt64, 2, s)
		ints[uint](1<<63, 3, s)
		ints[uint8](200, 100, s)
		ints[uint16](65535, 2, s)
		ints[uint32](1<<31, 7, s)
		ints[uint64](math.MaxUint64, 10, s)
	}
	floats[float32](1.1, 3.3)
	floats[float32](16777216, 1)
	floats[float64](1e9, -7.25)
	floats[float64](math.Copysign(0, -1), 5)
	nan, inf := math.NaN(), math.Inf(1)
	fmt.Println(nan == nan, nan < 1, nan != nan, inf > 1, -inf, min(1.5, nan), max(-0.0, 0), min(3, 1, 2), max("b", "a"))
	fmt.Println(math.Float64bits(fuse(0.1, 10, -1)), math.Float64bits(fuse(1+0x1p-30, 1-0x1p-30, -1)))
	fmt.Println(shifts(3), shifts(70), shifts(-1))
	c := complex(1, 2)
	d := complex64(complex(0.5, -1))
	fmt.Println(c*c, c/complex(3, -4), real(c), imag(d), d*d, d+1, -c, c == complex(1, 2), c != c)
	var u8 uint8 = 250
	for i := 0; i < 10; i++ {
		u8++
	}
	fmt.Println(u8, float32(u8)/3, uint64(1<<63)/3, float64(uint64(1<<63)), float32(uint64(math.MaxUint64)))
	fmt.Println(math.Sqrt(2), math.Sin(1), math.Floor(-1.5), math.Abs(-3), math.Pow(2, 0.5), math.Hypot(3, 4))
	var i32 int32 = math.MaxInt32
	i32++
	fmt.Println(i32, rune('a'+1), string(rune(0x1F600)), string(rune(-1)))
}

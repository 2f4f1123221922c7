package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// kind is a sort of value: its rule for people and the function that holds values to it.
type kind[T any] struct {
	rule string
	// parse returns errRule where the rule says enough, else an error that says more and never repeats the text.
	parse func(text string) (T, error)
}

// errRule says that a value is not what its setting's rule asks for.
var errRule = errors.New("breaks the rule")

// option is one word of a closed list and what it means.
type option[T any] struct {
	word  string
	value T
}

func is[T any](word string, value T) option[T] { return option[T]{word, value} }

// oneOf is a closed list of words.
func oneOf[T any](options ...option[T]) kind[T] {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = o.word
	}
	last := len(words) - 1
	rule := strings.Join(words[:last], ", ") + " or " + words[last]
	return kind[T]{rule, func(text string) (T, error) {
		for _, o := range options {
			if o.word == text {
				return o.value, nil
			}
		}
		var none T
		return none, errRule
	}}
}

// listOf is a list of values separated by commas, with or without blanks.
func listOf[T any](rule string, parse func(text string) (T, error)) kind[[]T] {
	return kind[[]T]{rule, func(text string) ([]T, error) {
		var all []T
		for part := range strings.SplitSeq(text, ",") {
			value, err := parse(strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			all = append(all, value)
		}
		return all, nil
	}}
}

// wholeBetween is a whole number.
func wholeBetween[T int | int64](low, high T) kind[T] {
	return kind[T]{fmt.Sprintf("a whole number from %d to %d", low, high), func(text string) (T, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < int64(low) || n > int64(high) {
			return 0, errRule
		}
		return T(n), nil
	}}
}

// durationBetween is a duration in Go's form; zero stands without unit.
func durationBetween(low, high time.Duration) kind[time.Duration] {
	rule := fmt.Sprintf("a duration such as 90s, 15m or 24h, from %s to %s", shortDuration(low), shortDuration(high))
	return kind[time.Duration]{rule, func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil || d < low || d > high {
			return 0, errRule
		}
		return d, nil
	}}
}

// shortDuration drops the zero units that time.Duration.String ends with.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if d == 0 {
		return "0"
	}
	return s
}

// units are the suffixes of sizes, the largest first.
var units = []struct {
	suffix string
	bytes  int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// sizeBetween is a number of bytes, alone or with a binary unit.
func sizeBetween(low, high int64) kind[int64] {
	rule := fmt.Sprintf("a size in bytes or with KiB, MiB, GiB or TiB, from %s to %s", shortSize(low), shortSize(high))
	return kind[int64]{rule, func(text string) (int64, error) {
		factor := int64(1)
		for _, u := range units {
			if digits, found := strings.CutSuffix(text, u.suffix); found {
				text, factor = strings.TrimSpace(digits), u.bytes
				break
			}
		}
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil || n > uint64(math.MaxInt64/factor) || int64(n)*factor < low || int64(n)*factor > high {
			return 0, errRule
		}
		return int64(n) * factor, nil
	}}
}

func shortSize(n int64) string {
	for _, u := range units {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

// address is HOST:PORT with a port in digits.
var address = kind[string]{"an address HOST:PORT such as 127.0.0.1:8000 or [::]:443", func(text string) (string, error) {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", errRule
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", errRule
	}
	return text, nil
}}

// path is the name of a file; whoever reads the file reports what is wrong with it.
var path = kind[string]{"the path of a file", func(text string) (string, error) { return text, nil }}

// publicURL is an absolute URL of the web. The API is at its root, so a path would only make links that lead nowhere.
var publicURL = kind[string]{"an absolute URL without a path, such as https://orgs.example.com", func(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || !isWeb(u) || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return "", errRule
	}
	return strings.TrimRight(text, "/"), nil
}}

func isWeb(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Opaque == ""
}

// hostName is a name or address without scheme and port.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[?[0-9A-Fa-f:.]+\]?)$`)

var hostNames = listOf("a list of host names such as orgs.example.com,orgs.internal (without ports)",
	func(text string) (string, error) {
		if !hostName.MatchString(text) {
			return "", errRule
		}
		return strings.ToLower(strings.Trim(text, "[]")), nil
	})

var prefixes = listOf("a list of addresses and networks such as 10.0.0.7,10.1.0.0/16",
	func(text string) (netip.Prefix, error) {
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return netip.Prefix{}, errRule
		}
		return p.Masked(), nil
	})

var origins = listOf("a list of origins such as https://app.example.com (never *)",
	func(text string) (string, error) {
		u, err := url.Parse(text)
		if err != nil || !isWeb(u) || u.Scheme+"://"+u.Host != text {
			return "", errRule
		}
		return strings.ToLower(text), nil
	})

// rate is a bucket.
var rate = kind[Rate]{"a number and the time over which it is given back, such as 300/10m", func(text string) (Rate, error) {
	count, per, found := strings.Cut(text, "/")
	burst, err := strconv.Atoi(count)
	if !found || err != nil || burst < 1 || burst > 1e6 {
		return Rate{}, errRule
	}
	d, err := time.ParseDuration(per)
	if err != nil || d < time.Second || d > 24*time.Hour {
		return Rate{}, errRule
	}
	return Rate{burst, d}, nil
}}

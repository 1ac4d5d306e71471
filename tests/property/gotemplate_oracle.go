// Answers what Go's text/template makes of the cases on its input, one JSON object a line: {"o": output} or {"e": error},
// both in base64. Build it with Go 1.26: go build -o oracle gotemplate_oracle.go
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"text/template"
)

type Case struct {
	Template   string            `json:"template"`
	B64        string            `json:"b64"`
	Templates  map[string]string `json:"templates"`
	Data       any               `json:"data"`
	MissingKey string            `json:"missingkey"`
}

func conv(v any) any {
	switch x := v.(type) {
	case json.Number:
		s := x.String()
		if strings.ContainsAny(s, ".eE") {
			f, _ := strconv.ParseFloat(s, 64)
			return f
		}
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic(err)
		}
		return int(i)
	case []any:
		for i := range x {
			x[i] = conv(x[i])
		}
		return x
	case map[string]any:
		if t, ok := x["$t"]; ok {
			v := conv(x["v"])
			switch t {
			case "int64":
				return int64(v.(int))
			case "int32":
				return int32(v.(int))
			case "uint8":
				return uint8(v.(int))
			case "strings":
				r := []string{}
				for _, e := range v.([]any) {
					r = append(r, e.(string))
				}
				return r
			case "strmap":
				r := map[string]string{}
				for k, e := range v.(map[string]any) {
					r[k] = e.(string)
				}
				return r
			case "bytes":
				b, _ := base64.StdEncoding.DecodeString(v.(string))
				return b
			case "raw":
				b, _ := base64.StdEncoding.DecodeString(v.(string))
				return string(b)
			case "float":
				f, _ := strconv.ParseFloat(v.(string), 64)
				return f
			}
		}
		for k := range x {
			x[k] = conv(x[k])
		}
		return x
	}
	return v
}

func run(c Case) (out string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("PANIC %v", r)
		}
	}()
	t := template.New("root")
	depth := 0
	t.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			depth++
			defer func() { depth-- }()
			if depth > 50 {
				return "", errors.New("too deep")
			}
			var b strings.Builder
			err := t.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
		"fstring": func(s string) string { return "<" + s + ">" },
		"fint":    func(i int) int { return i + 1 },
		"fint64":  func(i int64) int64 { return i + 1 },
		"fuint8":  func(i uint8) uint8 { return i },
		"ffloat":  func(f float64) float64 { return f / 2 },
		"fbool":   func(b bool) bool { return !b },
		"flist":   func(l []any) int { return len(l) },
		"fmap":    func(m map[string]any) int { return len(m) },
		"fstrs":   func(l []string) string { return strings.Join(l, "+") },
		"fany":    func(a any) any { return a },
		"fvar":    func(s string, a ...any) string { return s + fmt.Sprint(len(a)) },
		"fvars":   func(a ...string) string { return strings.Join(a, "/") },
		"fnil":    func() any { return nil },
		"fmapv":   func() map[string]any { return map[string]any{"a": 1, "n": nil, "l": []any{nil, "x"}} },
		"ferr":    func(a any) (any, error) { return nil, errors.New("bad: " + fmt.Sprint(a)) },
		"flistv":  func(a ...any) []any { return a },
	})
	if c.MissingKey != "" {
		t.Option("missingkey=" + c.MissingKey)
	}
	names := []string{}
	for n := range c.Templates {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		if _, err := t.New(n).Parse(c.Templates[n]); err != nil {
			return "", err
		}
	}
	if _, err := t.New("t").Parse(c.Template); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, "t", c.Data)
	return b.String(), err
}

func main() {
	sc := bufio.NewScanner(os.Stdin)
	sc.Buffer(make([]byte, 1<<20), 1<<28)
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for sc.Scan() {
		var c Case
		d := json.NewDecoder(bytes.NewReader(sc.Bytes()))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			panic(err)
		}
		if c.B64 != "" {
			b, _ := base64.StdEncoding.DecodeString(c.B64)
			c.Template = string(b)
		}
		c.Data = conv(c.Data)
		out, err := run(c)
		r := map[string]string{}
		if err != nil {
			r["e"] = base64.StdEncoding.EncodeToString([]byte(err.Error()))
		} else {
			r["o"] = base64.StdEncoding.EncodeToString([]byte(out))
		}
		j, _ := json.Marshal(r)
		w.Write(j)
		w.WriteByte('\n')
	}
}

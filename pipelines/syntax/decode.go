package syntax

import (
	"fmt"
	"reflect"
	"strings"
)

// fieldTag is the key of a struct field's tag that holds its name in the file.
const fieldTag = "field"

// Decode puts a normalised value into a Go value: mappings into structs by the
// tags of their fields, whole numbers into integers of any type.
func Decode(v any, dst reflect.Value) error {
	src := reflect.ValueOf(v)
	switch {
	case !src.IsValid():
		return nil
	case src.Type().AssignableTo(dst.Type()):
		dst.Set(src)
		return nil
	case dst.Kind() == reflect.Pointer:
		p := reflect.New(dst.Type().Elem())
		dst.Set(p)
		return Decode(v, p.Elem())
	}
	switch v := v.(type) {
	case map[string]any:
		if dst.Kind() != reflect.Struct {
			break
		}
		for name, one := range v {
			f := FieldNamed(dst, name)
			if !f.IsValid() {
				return fmt.Errorf("%s has no field for %s", dst.Type(), name)
			}
			if err := Decode(one, f); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if dst.Kind() == reflect.Slice {
			dst.Set(reflect.MakeSlice(dst.Type(), len(v), len(v)))
		} else if dst.Kind() != reflect.Array || dst.Len() != len(v) {
			break
		}
		for i := range v {
			if err := Decode(v[i], dst.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
	if src.CanConvert(dst.Type()) {
		dst.Set(src.Convert(dst.Type()))
		return nil
	}
	return fmt.Errorf("a %T is no %s", v, dst.Type())
}

// FieldNamed is the field of a struct that a file calls name, which may stand in
// an embedded one; the zero value where it is absent.
func FieldNamed(s reflect.Value, name string) reflect.Value {
	for _, f := range reflect.VisibleFields(s.Type()) {
		if tag, _, _ := strings.Cut(f.Tag.Get(fieldTag), ","); tag == name {
			return s.FieldByIndex(f.Index)
		}
	}
	return reflect.Value{}
}

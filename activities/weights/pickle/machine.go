package pickle

import "slices"

// machine executes opcodes on a stack, as Python's Unpickler does, but builds data only.
type machine struct {
	source
	stack      []Value
	marks      []int // heights of the stack
	memo       map[uint64]Value
	persistent []*Persistent
	memory     int64 // bytes that remain
}

// cost is the memory in bytes that is counted for an opcode: the value, its place on the stack and in the memo.
const cost = 128

// run executes opcodes up to the end of the pickle and returns the value that it leaves.
func (m *machine) run() Value {
	for m.err == nil {
		start := m.at
		code := m.byte()
		if code == opStop {
			return m.pop()
		}
		do := opcodes[code]
		if m.err == nil && do == nil {
			m.at = start
			m.fail("the byte %#02x is no opcode of a pickle", code)
		}
		if m.err == nil {
			do(m)
			m.spend(cost)
		}
	}
	return nil
}

// spend takes n bytes from the memory that remains.
func (m *machine) spend(n int64) {
	if m.memory -= n; m.memory < 0 {
		m.fail("the pickle holds more values than are allowed here: save the state_dict alone")
	}
}

func (m *machine) push(v Value) {
	if s, ok := v.(string); ok {
		m.spend(int64(len(s)))
	}
	m.stack = append(m.stack, v)
}

// floor is the height of the stack that may not be popped.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() Value {
	if len(m.stack) == m.floor() {
		m.fail("a value is missing on its stack")
		return nil
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

func (m *machine) top() Value {
	v := m.pop()
	if m.err == nil {
		m.stack = append(m.stack, v)
	}
	return v
}

// popMark removes the topmost mark and returns a copy of the values above it.
func (m *machine) popMark() []Value {
	if len(m.marks) == 0 {
		m.fail("a mark is missing on its stack")
		return nil
	}
	from := m.floor()
	values := slices.Clone(m.stack[from:])
	m.stack, m.marks = m.stack[:from], m.marks[:len(m.marks)-1]
	return values
}

// popN removes the n topmost values.
func (m *machine) popN(n int) Tuple {
	values := make(Tuple, n)
	for i := range values {
		values[n-1-i] = m.pop()
	}
	return values
}

// put stores the topmost value in the memo.
func (m *machine) put(key uint64) {
	if v := m.top(); m.err == nil {
		m.memo[key] = v
	}
}

// get pushes a value of the memo.
func (m *machine) get(key uint64) {
	v, ok := m.memo[key]
	if !ok {
		m.fail("the value %d is used before it is there", key)
	}
	m.push(v)
}

// call pushes an Object in place of the call's result.
func (m *machine) call(class Value, args Value) {
	t, ok := args.(Tuple)
	if !ok {
		m.fail("the arguments of a call are no tuple")
	}
	switch class.(type) {
	case Global, *Persistent, *Object:
	default:
		m.fail("something is called that is neither a class nor a function")
	}
	m.push(&Object{Class: class, Args: t})
}

// extend adds items to the list or object on top of the stack.
func (m *machine) extend(items []Value) {
	switch to := m.top().(type) {
	case *List:
		to.Items = append(to.Items, items...)
	case *Object:
		to.Items = append(to.Items, items...)
	default:
		m.fail("items are added to something that is no list")
	}
}

// enter adds keys and values, which alternate, to the dictionary or object on top of the stack.
func (m *machine) enter(flat []Value) {
	if len(flat)%2 != 0 {
		m.fail("a key of a dictionary has no value")
		return
	}
	switch to := m.top().(type) {
	case *Dict:
		to.Pairs = append(to.Pairs, pairs(flat)...)
	case *Object:
		to.Pairs = append(to.Pairs, pairs(flat)...)
	default:
		m.fail("entries are added to something that is no dictionary")
	}
}

func pairs(flat []Value) []Pair {
	out := make([]Pair, 0, len(flat)/2)
	for ; len(flat) > 1; flat = flat[2:] {
		out = append(out, Pair{flat[0], flat[1]})
	}
	return out
}

// build gives the object below the topmost value that value as its state.
func (m *machine) build() {
	state := m.pop()
	if o, ok := m.top().(*Object); ok {
		o.State = state
		return
	}
	m.fail("a state is set on an object without one")
}

// refer pushes a reference to something outside of the pickle.
func (m *machine) refer(id Value) {
	p := &Persistent{id}
	m.persistent = append(m.persistent, p)
	m.push(p)
}

// global pushes a name.
func (m *machine) global(module, name Value) {
	a, ok := module.(string)
	b, also := name.(string)
	if !ok || !also {
		m.fail("the name of a class or function is no text")
	}
	m.spend(int64(len(a) + len(b)))
	m.push(Global{a, b})
}

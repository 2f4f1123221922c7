package passwords

import "slices"

// line is one of the queue's two waiting lines.
type line int

const (
	strangers line = iota
	familiars
)

// job is one caller's work for a worker. result is buffered, so that a worker never waits for a caller that left.
type job struct {
	prefix string
	line   line
	work   func() result
	result chan result
}

// result is what a job gives back; err stands for all the rest.
type result struct {
	hash           string
	ok, needRehash bool
	err            error
}

// queue keeps the jobs that wait for a worker. Its invariants: a prefix has at most one job in each line, a line has
// at most bound jobs, and while both lines have jobs each gets every other turn. First come, first served within a
// line; since each prefix has one place there, that is a round of all prefixes. Not safe for concurrent use.
type queue struct {
	bound int
	lines [2][]*job
	last  line // the line that had the last turn
}

// push adds j at the end of its line. It returns [busyPrefix] if j's prefix waits there already and [busyQueue] if
// the line is full, else "".
func (q *queue) push(j *job) busyReason {
	waiting := q.lines[j.line]
	if slices.ContainsFunc(waiting, func(other *job) bool { return other.prefix == j.prefix }) {
		return busyPrefix
	}
	if len(waiting) >= q.bound {
		return busyQueue
	}
	q.lines[j.line] = append(waiting, j)
	return ""
}

// pop removes and returns the job whose turn it is, or nil if none waits.
func (q *queue) pop() *job {
	turn := 1 - q.last
	if len(q.lines[turn]) == 0 {
		turn = q.last
	}
	if len(q.lines[turn]) == 0 {
		return nil
	}
	j := q.lines[turn][0]
	q.lines[turn] = slices.Delete(q.lines[turn], 0, 1)
	q.last = turn
	return j
}

// remove takes j out of its line, if it still waits.
func (q *queue) remove(j *job) {
	if i := slices.Index(q.lines[j.line], j); i >= 0 {
		q.lines[j.line] = slices.Delete(q.lines[j.line], i, i+1)
	}
}

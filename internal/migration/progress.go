package migration

import "sync"

// Progress is how far a move has come.
type Progress struct {
	// What is being done.
	What Stage
	// Done and Total are documents, or organizations while they are counted. A document is done when it was read back from the
	// target, and half done when it was written there.
	Done, Total int64
}

// Stage is what a move is doing.
type Stage string

// The stages, in their order.
const (
	StageCount     Stage = "counting the documents"
	StageDocuments Stage = "copying the documents"
	StageCatalog   Stage = "copying the catalog"
)

// meter counts what is done.
type meter struct {
	mu   sync.Mutex
	tell func(Progress)
	// half counts a document twice: written, and read back.
	half, total int64
}

func (m *meter) counted(total, done, all int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total = max(m.total, total)
	m.say(Progress{StageCount, done, all})
}

// halves adds documents that were written or read back.
func (m *meter) halves(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.half += n
	m.total = max(m.total, m.half/2)
	m.say(Progress{StageDocuments, m.half / 2, m.total})
}

// more adds documents that were not counted before.
func (m *meter) more(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total += n
}

func (m *meter) catalog(done, all int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.say(Progress{StageCatalog, done, all})
}

func (m *meter) say(p Progress) {
	if m.tell != nil {
		m.tell(p)
	}
}

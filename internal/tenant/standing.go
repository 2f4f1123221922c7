package tenant

import "time"

// Standing is what a store as a whole is for. A server or command uses only a store in use, the zero value; the others are for a
// move of the installation from one store to another, and say so to whoever comes.
type Standing struct {
	Phase Phase
	// Peer tells people which store it is moved to, or filled from, without credentials.
	Peer string
	// Installation is the id of the installation that is moved, so that nothing else is ever moved into the same target.
	Installation string
	Since        time.Time
}

// Phase is how far a move of the installation has come, as one of its two stores sees it.
type Phase string

// The phases. The source stays in use, or closed where other servers could come, until it is retired; the target is filling until
// the source is retired, so that at no moment both are in use.
const (
	// PhaseInUse: servers and commands work on it.
	PhaseInUse Phase = ""
	// PhaseClosed: it is being copied away, and nobody changes it meanwhile.
	PhaseClosed Phase = "closed"
	// PhaseFilling: it is being filled, and nothing in it is complete.
	PhaseFilling Phase = "filling"
	// PhaseRetired: the installation is elsewhere, for good.
	PhaseRetired Phase = "retired"
)

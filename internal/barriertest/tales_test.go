package barriertest

import (
	"context"
	"time"
)

// tales has a story for each rule, in which it breaks something to leave that rule out.
func tales() map[rule]tale {
	return map[rule]tale{
		drainInflight: {skies: map[kind]weather{inserting: slowly(900 * time.Millisecond)}, tell: plainRename},
		gateEpoch: {
			skies: map[kind]weather{
				inserting: slowly(30 * time.Millisecond), reading: {lazy: 0.5, lazyFor: 60 * time.Millisecond},
				finding: {lazy: 1, lazyFor: 990 * time.Millisecond},
			},
			onlyB: true, tell: lookedAtFromOutside,
		},
		registerFirst: {
			skies: map[kind]weather{inserting: slowly(200 * time.Millisecond), reading: {lazy: 0.3, lazyFor: 200 * time.Millisecond}},
			tell:  newServer,
		},
		fence:         {skies: map[kind]weather{inserting: slowly(500 * time.Millisecond)}, tell: anHourWithoutHeartbeats},
		advanceCAS:    {tell: suspendedWhileItDrains},
		finishCAS:     {tell: suspendedBeforeItEnds},
		deadUnclean:   {skies: map[kind]weather{inserting: late(0.3)}, onlyB: true, tell: deadServer},
		earlierDead:   {skies: map[kind]weather{inserting: late(0.3)}, onlyB: true, tell: deadLongSince},
		uncertain:     {skies: map[kind]weather{inserting: late(0.1)}, tell: plainRename},
		lostPhysical:  {skies: map[kind]weather{moving: late(0.5)}, tell: twoRenames},
		takeover:      {skies: map[kind]weather{moving: late(0.5)}, tell: killedOnTheMove},
		noReturn:      {skies: map[kind]weather{moving: late(0.5)}, tell: thereAndBack},
		identityCheck: {tell: suspendedBeforeItLooks},
		carry:         {skies: map[kind]weather{inserting: late(0.3)}, tell: standstill},
		waitLate: {
			skies:      map[kind]weather{inserting: {lost: 0.5, lateFor: 200 * time.Second}},
			quarantine: 4 * time.Minute, tell: longWait,
		},
	}
}

// slowly is a network on which every other command takes up to so long.
func slowly(most time.Duration) weather { return weather{slow: 0.5, slowFor: most} }

// late is a network that loses answers, of commands that run for up to twelve seconds.
func late(lost float64) weather {
	return weather{lost: lost, lateFor: 12 * time.Second, vanishing: 0.2, lookBack: 0.5}
}

// plainRename: two servers write, one of them renames, a stranger waits for the name.
func plainRename(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(a, 4*time.Second, 200*time.Millisecond)
	w.writing(b, 4*time.Second, 200*time.Millisecond)
	w.at(time.Second+w.upTo(time.Second), func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(5 * time.Second)
	w.pass(w.upTo(12 * time.Second))
}

// lookedAtFromOutside: requests look at the organization by its path just before it is renamed.
func lookedAtFromOutside(w *world) {
	a, b := w.start("A"), w.start("B")
	begins := 900*time.Millisecond + w.upTo(time.Second)
	w.writing(b, begins+time.Second, 10*time.Millisecond)
	w.looking(b, begins, 5*time.Millisecond)
	w.at(begins, func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(4 * time.Second)
}

// newServer: a server starts while another one renames.
func newServer(w *world) {
	a := w.start("A")
	w.writing(a, 3*time.Second, 200*time.Millisecond)
	w.at(time.Second, func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(500*time.Millisecond + w.upTo(time.Second))
	b := w.start("B")
	w.writing(b, 2*time.Second, 20*time.Millisecond)
	w.pass(3 * time.Second)
}

// anHourWithoutHeartbeats: the heartbeats of a server do not arrive for so long that the others forget that it died.
func anHourWithoutHeartbeats(w *world) {
	a, b := w.start("A"), w.start("B")
	w.pass(time.Second)
	b.cutOff()
	w.pass(9 * time.Second)
	w.ahead.Store(int64(time.Hour + time.Minute))
	w.pass(3 * time.Second)
	w.writing(b, 3*time.Second, 20*time.Millisecond)
	w.at(time.Second+w.upTo(time.Second), func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(4 * time.Second)
}

// suspendedWhileItDrains: the machine of a server is suspended when it has drained for a rename, before it advances. Another one
// takes that over and takes it back, since something stands at the new name, and then it stands there no longer.
func suspendedWhileItDrains(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 10*time.Second, 500*time.Millisecond)
	w.pass(time.Second)
	a.suspend(swapping, 1, 11*time.Second+w.upTo(3*time.Second))
	w.at(0, func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.pass(5 * time.Second)
	_ = w.do("an application creates org_beta", func() error { w.create("org_beta"); return nil })
	w.pass(5500 * time.Millisecond)
	_ = w.do("an application drops org_beta", func() error { delete(w.colls, "org_beta"); return nil })
	w.pass(8 * time.Second)
}

// suspendedBeforeItEnds: it is suspended before the last swap of the rename, and the organization has another name when it wakes.
func suspendedBeforeItEnds(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 10*time.Second, 500*time.Millisecond)
	w.pass(time.Second)
	a.suspend(swapping, 2, 9*time.Second+w.upTo(6*time.Second))
	w.at(0, func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.renaming(b, 2*time.Second, "Gamma")
	w.pass(18 * time.Second)
}

// killedOnTheMove: a server is killed when it has sent the move of a rename, which another one finishes.
func killedOnTheMove(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 15*time.Second, 500*time.Millisecond)
	w.at(time.Second, func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.at(time.Second+w.upTo(300*time.Millisecond), func(context.Context) { a.kill() })
	w.renaming(b, 8*time.Second+w.upTo(5*time.Second), "Gamma")
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(20 * time.Second)
}

// deadServer: a server is killed while it writes, and the other one tries to rename until it can.
func deadServer(w *world) { killed(w, 4*time.Second+w.upTo(4*time.Second)) }

// deadLongSince: the same, some time after the death was noticed.
func deadLongSince(w *world) { killed(w, 10500*time.Millisecond+w.upTo(time.Second)) }

func killed(w *world, renamed time.Duration) {
	a, b := w.start("A"), w.start("B")
	w.writing(a, 12*time.Second, time.Second)
	w.writing(b, 2*time.Second, 50*time.Millisecond)
	w.at(2*time.Second, func(context.Context) { b.kill() })
	w.renaming(a, renamed, "Beta")
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(16 * time.Second)
}

// renaming has a server try to rename until it succeeds, twenty times at most.
func (w *world) renaming(s *server, after time.Duration, name string) {
	w.at(after, func(ctx context.Context) {
		for tries := 0; tries < 20 && !s.rename(ctx, x, name) && w.wait(20*time.Millisecond); tries++ {
			continue
		}
	})
}

// twoRenames: two renames soon after another, and a stranger who waits for the first name.
func twoRenames(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 6*time.Second, time.Second)
	first := w.upTo(2 * time.Second)
	w.renaming(a, first, "Beta")
	w.renaming(b, first+500*time.Millisecond+w.upTo(5*time.Second), "Gamma")
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(20 * time.Second)
}

// thereAndBack: a rename, and back.
func thereAndBack(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 6*time.Second, time.Second)
	first := w.upTo(2 * time.Second)
	w.renaming(a, first, "Beta")
	w.renaming(a, first+500*time.Millisecond+w.upTo(5*time.Second), "Alpha")
	w.pass(20 * time.Second)
}

// suspendedBeforeItLooks: the machine of a server is suspended just before it looks at what it is to move, and wakes when all
// is over and forgotten.
func suspendedBeforeItLooks(w *world) {
	a, b := w.start("A"), w.start("B")
	w.pass(time.Second)
	a.suspend(looking, 0, 4*time.Minute+w.upTo(time.Minute))
	w.at(0, func(ctx context.Context) { a.rename(ctx, x, "Beta") })
	w.pass(15 * time.Second)
	w.renaming(b, 0, "Gamma")
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(5 * time.Minute)
}

// standstill: a server stands still with writes under way, and is renamed around.
func standstill(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 3*time.Second, 50*time.Millisecond)
	w.at(3*time.Second, func(context.Context) { b.stand(12*time.Second + w.upTo(5*time.Second)) })
	w.renaming(a, 3*time.Second, "Beta")
	w.pass(85 * time.Second)
}

// longWait: writes that are very late, to a name that a stranger waits for.
func longWait(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(b, 3*time.Second, 1500*time.Millisecond)
	w.renaming(a, 3*time.Second, "Beta")
	w.stranger(time.Second, "Alpha", "alpha")
	w.pass(205 * time.Second)
}

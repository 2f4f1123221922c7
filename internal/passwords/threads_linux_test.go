package passwords

import (
	"runtime"
	"syscall"
)

// The ways that were measured and not taken: workers on threads of the lowest priority, which the kernel runs where
// nobody else wants to. They are kept here so that they can be measured again.
func init() {
	cores := runtime.NumCPU()
	variants = append(variants,
		variant{"threads-half", defaultWorkers(cores), 0, lowestPriority},
		variant{"threads", cores, 0, lowestPriority},
		variant{"threads-procs", cores, cores, lowestPriority},
	)
}

// lowestPriority ties a worker to a thread of its own, which ends with it, and gives the thread nice value 19.
func lowestPriority() {
	runtime.LockOSThread()
	if err := syscall.Setpriority(0, 0, 19); err != nil { // PRIO_PROCESS, the calling thread
		panic(err)
	}
}

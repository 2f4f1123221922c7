package storetest

func healthCases() []Case {
	return about("Health", clause{name: "PingOfAStoreThatServes", check: pingOfAStoreThatServes})
}

func pingOfAStoreThatServes(d *desk) {
	d.need(d.Health.Ping(d.Context()), "ping")
}

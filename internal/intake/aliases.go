package intake

// AliasesChanged makes the routes know the aliases of the store's mailboxes. Call it after every commit that changed
// one: until then mail for a new alias goes where it went before, and mail for one that is gone is returned.
func (in *Intake) AliasesChanged() {
	in.aliasing.Lock()
	defer in.aliasing.Unlock()
	in.o.Routes.SetAliases(in.store.Aliases())
}

package convert

import "sidegate/internal/mail"

// Split parts a delivery into those that can be one file each: first the recipients that the message shows, then every
// hidden one by itself, so that no file names a hidden recipient to another (KB Q156962). Files for the fax gateway are apart
// from those for people, because what is attached has another form there. A delivery that is one already comes back alone.
func Split(d *mail.Delivery) []*mail.Delivery {
	visible, hidden := partition(d)
	people, faxes := visible, []mail.Address(nil)
	if len(d.Message.Attachments) > 0 {
		people, faxes = withoutFaxes(visible)
	}
	if len(hidden) == 0 && (len(people) == 0 || len(faxes) == 0) || len(hidden) == 1 && len(visible) == 0 {
		return []*mail.Delivery{d}
	}
	var out []*mail.Delivery
	for _, list := range [][]mail.Address{people, faxes} {
		if len(list) > 0 {
			out = append(out, &mail.Delivery{Message: d.Message, Recipients: list, Content: d.Content})
		}
	}
	for _, a := range hidden {
		out = append(out, &mail.Delivery{Message: d.Message, Recipients: []mail.Address{a}, Content: d.Content})
	}
	return out
}

// partition tells visible recipients of a delivery from hidden ones, each once.
func partition(d *mail.Delivery) (visible, hidden []mail.Address) {
	shown := make(map[string]bool)
	for _, list := range [][]mail.Address{d.Message.To, d.Message.Cc} {
		for _, a := range list {
			shown[a.Key()] = true
		}
	}
	for _, a := range unique(d.Recipients) {
		if shown[a.Key()] {
			visible = append(visible, a)
		} else {
			hidden = append(hidden, a)
		}
	}
	return visible, hidden
}

//! What may be chosen of a product as somebody sees it who is choosing: the groups and their options,
//! which of them are chosen, and why another does not go with the rest.
//! Not here: judging a choice (`choice`, `rule`).

use fondaco_kernel::ports::configuration::{Offered, OfferedGroup, OfferedOption};
use serde_json::Value as Json;

use crate::choice::{Choice, Pick};
use crate::configuration::Offer;
use crate::option::{OptionGroup, ProductOption};
use crate::rule;

pub(crate) fn of(offer: &Offer, json: &Json) -> Offered {
    let (choice, problems) = offer.judge(json);
    let asked = Asked { offer, choice: &choice };
    let groups = offer.groups.iter().filter(|group| group.active);
    let groups = groups.map(|group| asked.group(group)).collect();
    Offered { groups, choice: choice.json(), problems }
}

struct Asked<'a> {
    offer: &'a Offer,
    choice: &'a Choice<'a>,
}

impl Asked<'_> {
    fn group(&self, group: &OptionGroup) -> OfferedGroup {
        // What is no longer offered is shown where it is chosen, so that it can be left.
        let shown = |option: &&ProductOption| option.active || self.has(&group.code_of(option));
        let options = group.options.iter().filter(shown);
        OfferedGroup {
            code: group.code.clone(),
            name: group.name.clone(),
            least: group.least(),
            most: group.most(),
            options: options.map(|option| self.option(group, option)).collect(),
        }
    }

    fn option(&self, group: &OptionGroup, option: &ProductOption) -> OfferedOption {
        let code = group.code_of(option);
        let chosen = self.has(&code);
        let refusal = if chosen { None } else { self.refusal(group, &code) };
        OfferedOption { code, name: option.name.clone(), price: option.price, chosen, refusal }
    }

    fn has(&self, code: &str) -> bool {
        self.choice.picks().iter().any(|pick| pick.code() == code)
    }

    /// The first rule that would be broken by the option and is not broken now. Where one takes one
    /// option only, it takes the place of the other.
    fn refusal(&self, group: &OptionGroup, code: &str) -> Option<String> {
        let stays = |pick: &&Pick<'_>| group.most() != 1 || pick.group.code != group.code;
        let mut codes: Vec<String> =
            self.choice.picks().iter().filter(stays).map(Pick::code).collect();
        codes.push(code.to_owned());
        let (with, _) = Choice::read(&codes.into(), &self.offer.groups);
        let judged = |choice| rule::judge(&self.offer.rules, choice, &self.offer.groups);
        let now = judged(self.choice);
        let new = judged(&with).into_iter().find(|problem| !now.contains(problem));
        new.map(|problem| problem.message)
    }
}

//! The classes of pictures, from the folders that they are in.

use std::collections::{BTreeMap, BTreeSet};

/// Names of folders that say which part of a set is in them, not which class.
const TRAIN: [&str; 3] = ["train", "training", "images"];
const TEST: [&str; 5] = ["test", "testing", "val", "valid", "validation"];

/// The class of a picture, and whether it is a test picture.
pub(super) type Place = (String, bool);

/// For each path the class, or `None` for a picture that is in no folder of a class. The folders of a path are given without the picture's name.
///
/// The folder that all pictures are below is no class, nor is one named train or test. Of the folders that are left the innermost is the class, as in
/// animals/frog and animals/newt. If it cannot be, the outermost is: in cat/2019 and dog/2019 the inner names repeat, and in cat and cat/more one
/// folder is within another.
pub(super) fn places(folders: &[Vec<&str>]) -> Vec<Option<Place>> {
    let common = common_folders(folders);
    let is_named = |name: &str, names: &[&str]| names.contains(&&name.to_lowercase()[..]);
    let split: Vec<(Vec<&str>, bool)> = folders
        .iter()
        .map(|folders| {
            let below = &folders[common..];
            let class = below.iter().copied().filter(|name| !is_named(name, &TRAIN) && !is_named(name, &TEST)).collect();
            (class, below.iter().any(|name| is_named(name, &TEST)))
        })
        .collect();
    let distinct: BTreeSet<&Vec<&str>> = split.iter().map(|(class, _)| class).filter(|class| !class.is_empty()).collect();
    let mut outer: BTreeMap<&str, &[&str]> = BTreeMap::new();
    let is_nested = distinct.iter().any(|one| distinct.iter().any(|other| other.len() > one.len() && other.starts_with(one)));
    let repeats = distinct.iter().any(|class| {
        let (last, above) = class.split_last().expect("it is not empty");
        outer.insert(last, above).is_some_and(|other| other != above)
    });
    let of = |class: &Vec<&str>| if is_nested || repeats { class.first() } else { class.last() }.map(|&name| name.to_owned());
    split.iter().map(|(class, is_test)| of(class).map(|class| (class, *is_test))).collect()
}

/// How many folders all paths begin with; less one where these are all that a path has, since its innermost folder may be its class.
fn common_folders(folders: &[Vec<&str>]) -> usize {
    let Some(first) = folders.first() else { return 0 };
    let shared = (0..first.len()).take_while(|&at| folders.iter().all(|other| other.get(at) == Some(&first[at]))).count();
    // A single folder with pictures is a class, the only one.
    if folders.iter().all(|other| other.len() == shared) { shared.saturating_sub(1) } else { shared }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(paths: &[&str]) -> Vec<String> {
        let folders: Vec<Vec<&str>> = paths.iter().map(|path| path.split('/').filter(|part| !part.is_empty()).collect()).collect();
        let word = |place: Option<Place>| {
            place.map_or("-".to_owned(), |(class, is_test)| format!("{class}{}", if is_test { " test" } else { "" }))
        };
        places(&folders).into_iter().map(word).collect()
    }

    #[test]
    fn the_class_is_the_folder_that_its_owner_means() {
        for (paths, wanted) in [
            (&["mine/cat", "mine/dog"][..], &["cat", "dog"][..]),
            (&["cat", "dog"], &["cat", "dog"]),
            (&["pond/animals/frog", "pond/animals/newt"], &["frog", "newt"]),
            (&["m/animals/frog", "m/plants/reed"], &["frog", "reed"]),
            (&["m/train/cat", "m/train/dog", "m/test/cat"], &["cat", "dog", "cat test"]),
            (&["m/train/images/cat", "m/train/images/dog", "m/valid/images/dog"], &["cat", "dog", "dog test"]),
            (&["m/cat/train", "m/dog/train", "m/cat/test"], &["cat", "dog", "cat test"]),
            (&["m/cat/2019", "m/cat/2020", "m/dog/2019"], &["cat", "cat", "dog"]),
            (&["m/cat/img", "m/dog/img"], &["cat", "dog"]),
            (&["m/cat", "m/cat/more", "m/dog"], &["cat", "cat", "dog"]),
            (&["m", "m/cat", "m/dog"], &["-", "cat", "dog"]),
            (&["", "cat", "dog"], &["-", "cat", "dog"]),
            // Kaggle's: the test pictures have no class.
            (&["m/train/cat", "m/train/dog", "m/test"], &["cat", "dog", "-"]),
            (&["test/cat", "test/dog"], &["cat", "dog"]),
            (&["m/cat"], &["cat"]),
            (&["cat"], &["cat"]),
            (&[""], &["-"]),
        ] {
            assert_eq!(classes(paths), wanted, "{paths:?}");
        }
    }
}
